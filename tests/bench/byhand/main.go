// SPDX-License-Identifier: Apache-2.0

// A validating webhook as one writes it by hand in Go, with net/http and encoding/json: it decodes the
// review and both objects, and allows what leaves the spec as it was or is about a namespace that is
// not its own. What the guard's time is measured beside.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"reflect"
)

type object struct {
	Metadata map[string]any `json:"metadata"`
	Spec     map[string]any `json:"spec"`
}

type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID       string          `json:"uid"`
	Namespace string          `json:"namespace"`
	Object    json.RawMessage `json:"object"`
	OldObject json.RawMessage `json:"oldObject"`
}

type response struct {
	UID     string `json:"uid"`
	Allowed bool   `json:"allowed"`
}

func read(raw json.RawMessage) (o object, err error) {
	if len(raw) > 0 {
		err = json.Unmarshal(raw, &o)
	}
	return
}

func allowed(r *request) (bool, error) {
	now, err := read(r.Object)
	if err != nil {
		return false, err
	}
	before, err := read(r.OldObject)
	return r.Namespace != "kube-system" || reflect.DeepEqual(now.Spec, before.Spec), err
}

func validate(w http.ResponseWriter, r *http.Request) {
	var in review
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || in.Request == nil {
		http.Error(w, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	ok, err := allowed(in.Request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(review{APIVersion: in.APIVersion, Kind: in.Kind,
		Response: &response{in.Request.UID, ok}})
}

func main() {
	http.HandleFunc("/", validate)
	log.Fatal(http.ListenAndServeTLS(os.Args[1], os.Args[2], os.Args[3], nil))
}
