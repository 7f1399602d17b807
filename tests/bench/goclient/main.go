// SPDX-License-Identifier: Apache-2.0

// Asks a server on this machine as an API server does, with Go's net/http: it sends a head and the
// beginning of a body, then records of 16 KiB. In the way of load.c: each of so many connections sends the
// body, waits for the answer and begins again; one line of JSON tells how many there were, and how long
// one took.
//
//	goclient PORT BODY CONNECTIONS SECONDS
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"
)

func ask(url string, body []byte, end time.Time) (took []float64) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	client := &http.Client{Transport: transport}
	defer transport.CloseIdleConnections()
	for time.Now().Before(end) {
		begun := time.Now()
		answer, err := client.Post(url, "application/json", bytes.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != 200 {
			log.Fatal("status ", answer.StatusCode, ": ", err)
		}
		took = append(took, float64(time.Since(begun).Nanoseconds())/1e3)
	}
	return took
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: goclient PORT BODY CONNECTIONS SECONDS")
	}
	body, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	connections, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(os.Args[4], 64)
	if err != nil {
		log.Fatal(err)
	}
	var all []float64
	var lock sync.Mutex
	var group sync.WaitGroup
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for i := 0; i < connections; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			took := ask("https://127.0.0.1:"+os.Args[1]+"/validate", body, end)
			lock.Lock()
			defer lock.Unlock()
			all = append(all, took...)
		}()
	}
	group.Wait()
	sort.Float64s(all)
	fmt.Printf("{\"good\": %d, \"p50\": %.1f, \"p99\": %.1f}\n", len(all), all[len(all)/2], all[len(all)*99/100])
}
