// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	v1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// One request, and what the guard says of it.
type review struct {
	id                string
	of, as            string // a request with another identity: whose it was, and the identity
	raw               []byte // of the AdmissionReview
	request           *admissionRequest
	object, oldObject runtime.Object

	identity                 string // exempt, customer, unknown
	exempt, builtinExempt    bool
	candidate                bool // a policy of a component names the object
	found                    bool
	foundSupport, foundAlpha bool
	policies                 string
}

func (r *review) user() string { return r.request.UserInfo.Username }

// What no entry ever asks for (policy/model/excluded.c), so that a finding there is one of `check` alone.
var never = map[string]bool{
	"/events": true, "coordination.k8s.io/leases": true, "events.k8s.io/events": true,
}

// Of these an entry asks for those of guarded Services alone.
var guardedOnly = map[string]bool{"/endpoints": true, "discovery.k8s.io/endpointslices": true}

func (r *review) unsent() bool {
	q := r.request.Resource
	return never[q.Group+"/"+q.Resource] || q.Group == "admissionregistration.k8s.io" ||
		q.Group == "authentication.k8s.io" || q.Group == "authorization.k8s.io"
}

// What must not be sent, whoever asks: of more.jsonl.
func (r *review) never() bool {
	id := r.of
	if id == "" {
		id = r.id
	}
	switch id {
	case "plain-secret", "no-metadata", "alpha-of-others":
		return true
	}
	q := r.request.Resource
	return r.unsent() || (guardedOnly[q.Group+"/"+q.Resource] && !r.candidate)
}

func generate(o options) (*v1.ValidatingWebhookConfiguration, error) {
	arguments := append([]string{"generate", "webhook-configuration", "-o", "json"}, o.flags()...)
	out, err := exec.Command(o.guard, arguments...).Output()
	if err != nil {
		return nil, fmt.Errorf("oke-guard generate: %w", err)
	}
	made := &v1.ValidatingWebhookConfiguration{}
	decoder := json.NewDecoder(bytes.NewReader(out))
	decoder.DisallowUnknownFields()
	return made, decoder.Decode(made)
}

func (o options) flags() (f []string) {
	if o.config != "" {
		f = append(f, "--config", o.config)
	}
	if o.policy != "" {
		f = append(f, "--policy", o.policy)
	}
	return f
}

func readReviews(paths []string) (all []*review, err error) {
	for _, path := range paths {
		bytes, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for n, line := range strings.Split(strings.TrimSpace(string(bytes)), "\n") {
			r, err := readReview(line)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n+1, err)
			}
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no reviews: name files of them")
	}
	return all, nil
}

func readReview(line string) (*review, error) {
	var recorded struct {
		ID     string          `json:"id"`
		Review json.RawMessage `json:"review"`
	}
	if err := json.Unmarshal([]byte(line), &recorded); err != nil {
		return nil, err
	}
	r := &review{id: recorded.ID, raw: recorded.Review}
	return r, r.decode()
}

func (r *review) decode() error {
	var body struct {
		Request *admissionRequest `json:"request"`
	}
	err := json.Unmarshal(r.raw, &body)
	if err != nil {
		return err
	}
	r.request = body.Request
	if r.object, err = objectOf(r.request.Object.Raw); err != nil {
		return err
	}
	r.oldObject, err = objectOf(r.request.OldObject.Raw)
	return err
}

// An identity that no list names.
const nobody = "kubernetes-admin"

// Who might try to pass for somebody else, and who is somebody else.
var identities = []struct {
	name   string
	groups []string
}{
	{"system:apiserver", []string{"system:masters", "system:authenticated"}},
	{"system:apiserver", nil},
	{"system:kube-controller-manager", []string{"system:authenticated"}},
	{"system:kube-scheduler", []string{"system:authenticated"}},
	{"system:kube-schedulers", []string{"system:authenticated"}},
	{"system:node:10.0.0.4", []string{"system:nodes", "system:authenticated"}},
	{"system:node:10.0.0.4", []string{"system:authenticated"}},
	{"system:node:", []string{"system:nodes"}},
	{"system:nodes", []string{"system:nodes"}},
	{"x system:node:a", []string{"system:nodes"}},
	{"system:bootstrap:abcdef", []string{"system:bootstrappers", "system:authenticated"}},
	{"system:bootstrap:abcdef", []string{"system:bootstrappers:worker"}},
	{"system:serviceaccount:kube-system:deployment-controller", []string{"system:serviceaccounts:kube-system"}},
	{"system:serviceaccount:kube-system:deployment-controller", []string{"system:serviceaccounts:shop"}},
	{"system:serviceaccount:kube-system:deployment-controller", nil},
	{"system:serviceaccount:kube-system:deployment-controller2", []string{"system:serviceaccounts:kube-system"}},
	{"system:serviceaccount:kube-system:my-controller", []string{"system:serviceaccounts:kube-system"}},
	{"system:serviceaccount:shop:deployment-controller", []string{"system:serviceaccounts:shop"}},
	{"system:serviceaccount:kube-system:generic-garbage-collector",
		[]string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}},
	{"system:serviceaccount:kube-system:csi-oci-node-sa", []string{"system:serviceaccounts:kube-system"}},
	{"system:serviceaccount:kube-system:default", []string{"system:serviceaccounts:kube-system"}},
	{"system:serviceaccount:kube-system:", []string{"system:serviceaccounts:kube-system"}},
	{"system:serviceaccount:ci:deployer", []string{"system:serviceaccounts:ci", "system:authenticated"}},
	{"system:serviceaccount:a:b:c", []string{"system:serviceaccounts:a"}},
	{"system:serviceaccount::b", nil},
	{"ocid1.user.oc1..aaaa", []string{"system:authenticated"}},
	{"ocid1.user.oc1..aaaa", nil},
	{"oidc:o'brien\\", []string{"oidc:a'b"}},
	{nobody, []string{"system:masters"}},
	{"", nil},
	{"", []string{"system:nodes"}},
}

// withIdentities are the first requests of each kind and operation, once for each identity.
func withIdentities(recorded []*review) (all []*review) {
	seen := map[string]bool{}
	for _, r := range recorded {
		q := r.request
		key := fmt.Sprint(q.Resource, q.SubResource, q.Operation, q.Namespace)
		if seen[key] || len(r.raw) > 100_000 {
			continue
		}
		seen[key] = true
		for i, who := range identities {
			request := *q
			request.UserInfo.Username, request.UserInfo.Groups, request.UserInfo.UID = who.name, who.groups, ""
			request.UserInfo.Extra = nil
			raw, err := json.Marshal(map[string]any{
				"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": &request})
			if err != nil {
				continue // what cannot be written again is among the recorded ones
			}
			other := &review{id: fmt.Sprintf("%s as %d", r.id, i), of: r.id, as: who.name, raw: raw}
			if other.decode() == nil {
				all = append(all, other)
			}
		}
	}
	return all
}

var step = regexp.MustCompile(`^ *(\d) (.*)$`)

// askTwice also tells who is exempt without any configuration: conditions leave out those alone.
func askTwice(o options, all []*review) error {
	if err := ask(options{guard: o.guard}, all); err != nil {
		return err
	}
	for _, r := range all {
		r.builtinExempt = r.exempt
		r.candidate = false
	}
	return ask(o, all)
}

// ask lets the guard judge all of them in one run. Its trace tells who is exempt and which policies
// name the object; the answers tell what was found.
func ask(o options, all []*review) error {
	folder, err := os.MkdirTemp("", "calls-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "reviews.jsonl")
	var lines bytes.Buffer
	for _, r := range all {
		var compact bytes.Buffer
		if err := json.Compact(&compact, r.raw); err != nil {
			return err
		}
		lines.Write(compact.Bytes())
		lines.WriteByte('\n')
	}
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		return err
	}
	arguments := append([]string{"review", "-o", "json", "--trace", "--now", "2026-11-23T00:00:00Z"}, o.flags()...)
	command := exec.Command(o.guard, append(arguments, path)...)
	var out, trace bytes.Buffer
	command.Stdout, command.Stderr = &out, &trace
	if err := command.Run(); err != nil && command.ProcessState.ExitCode() != 1 {
		return fmt.Errorf("oke-guard review: %w: %.300s", err, trace.String())
	}
	if err := readTrace(&trace, all); err != nil {
		return err
	}
	return readAnswers(&out, all)
}

func readTrace(trace *bytes.Buffer, all []*review) error {
	n := -1
	scanner := bufio.NewScanner(trace)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		m := step.FindStringSubmatch(scanner.Text())
		if m == nil {
			continue
		}
		if m[1] == "1" {
			n++
		}
		if n < 0 || n >= len(all) {
			return fmt.Errorf("the trace does not fit the reviews: %q", scanner.Text())
		}
		switch {
		case m[1] == "1":
			rest := strings.TrimPrefix(m[2], "identity ")
			all[n].identity, _, _ = strings.Cut(rest, ":")
			all[n].exempt = all[n].identity == "exempt"
		case m[1] == "2" && strings.HasPrefix(m[2], "candidate "):
			all[n].candidate = true
		}
	}
	if n != len(all)-1 {
		return fmt.Errorf("the trace is of %d reviews, not of %d", n+1, len(all))
	}
	return scanner.Err()
}

func readAnswers(out *bytes.Buffer, all []*review) error {
	decoder := json.NewDecoder(out)
	for _, r := range all {
		var answer struct {
			Response *struct {
				UID         string            `json:"uid"`
				Annotations map[string]string `json:"auditAnnotations"`
			} `json:"response"`
		}
		if err := decoder.Decode(&answer); err != nil {
			return fmt.Errorf("%s: %w", r.id, err)
		}
		if answer.Response == nil || answer.Response.UID != string(r.request.UID) {
			return fmt.Errorf("%s: the answer is another one's", r.id)
		}
		r.foundAlpha, r.foundSupport = false, false
		r.policies = answer.Response.Annotations["policy"]
		r.found = answer.Response.Annotations["decision"] != ""
		for _, p := range strings.FieldsFunc(r.policies, func(c rune) bool { return c == ' ' || c == ',' }) {
			if strings.HasPrefix(p, "alpha/") {
				r.foundAlpha = true
			} else {
				r.foundSupport = true
			}
		}
	}
	return nil
}
