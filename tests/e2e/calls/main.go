// SPDX-License-Identifier: Apache-2.0

// calls asks the API server's own code whether it would call the guard.
//
// For each recorded review and each entry of a webhook configuration that oke-guard generated, the
// decision is made by k8s.io/apiserver's generic webhook plugin: namespace selector, rules, equivalent
// resources, matchConditions compiled and evaluated as CEL. It is held against what `oke-guard review`
// says of the same bytes: who is exempt, what a policy concerns, what is found.
//
//	calls -guard build/oke-guard [-config FILE] [-policy DIR] REVIEWS.jsonl...
//
// It fails when a finding would have been missed, when a condition cannot be compiled or evaluated, when
// CEL and the guard disagree on who is exempt, when one request would be judged twice, or when an entry
// that refuses by its failure takes anything but a customer's request. It prints what share of the other
// traffic is sent.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"

	v1 "k8s.io/api/admissionregistration/v1"
)

type options struct {
	guard, config, policy string
	reviews               []string
}

func main() {
	var o options
	flag.StringVar(&o.guard, "guard", "build/oke-guard", "the program")
	flag.StringVar(&o.config, "config", "", "its configuration")
	flag.StringVar(&o.policy, "policy", "", "a folder of further policies")
	flag.Parse()
	o.reviews = flag.Args()
	failures, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "calls:", err)
		os.Exit(2)
	}
	for i, f := range failures {
		if i == 20 {
			fmt.Printf("... and %d more\n", len(failures)-i)
			break
		}
		fmt.Println("FAIL", f)
	}
	if len(failures) > 0 {
		os.Exit(1)
	}
}

func run(o options) ([]string, error) {
	configuration, err := generate(o)
	if err != nil {
		return nil, err
	}
	recorded, err := readReviews(o.reviews)
	if err != nil {
		return nil, err
	}
	all := append(recorded, withIdentities(recorded)...)
	if err := askTwice(o, all); err != nil {
		return nil, err
	}
	server, err := newServer(configuration, all)
	if err != nil {
		return nil, err
	}
	var failures []string
	takers := map[*review][]*entry{}
	called := map[string]map[string]bool{} // entry, then id of the review
	for _, e := range server.entries {
		called[e.name()] = map[string]bool{}
	}
	for _, r := range all {
		took, errs := server.callers(context.Background(), r)
		failures = append(failures, errs...)
		failures = append(failures, judge(r, took)...)
		takers[r] = took
		for _, e := range took {
			called[e.name()][r.id] = true
		}
	}
	failures = append(failures, compare(all, takers)...)
	failures = append(failures, report(server.entries, recorded, called)...)
	fmt.Printf("%d recorded requests, %d with other identities, %d entries: %d failures\n",
		len(recorded), len(all)-len(recorded), len(server.entries), len(failures))
	return failures, nil
}

// By which policies a path judges (webhook/admit.c).
var judgedBy = map[string][]string{
	"/validate":         {"support", "alpha"},
	"/validate/support": {"support"},
	"/validate/alpha":   {"alpha"},
}

// rarely tells whether the second entry is there for an alpha key or an alpha version, which it takes of
// kinds that policies name too (policy/webhooks/entries.c).
func (r *review) rarely(names []string) bool {
	if strings.Contains(r.request.Resource.Version, "alpha") {
		return true
	}
	return len(names) == 2 && strings.HasPrefix(names[1], "alpha-keys.")
}

// judge holds the entries that take a request against what the guard says of it.
func judge(r *review, took []*entry) []string {
	var failures []string
	fail := func(format string, values ...any) {
		failures = append(failures, fmt.Sprintf("%s (%s): %s", r.id, r.user(), fmt.Sprintf(format, values...)))
	}
	parts := map[string][]string{}
	for _, e := range took {
		if e.required() {
			if !r.candidate {
				fail("%s, which refuses while the guard is dead, takes what no policy concerns", e.name())
			}
			if r.identity != "customer" {
				fail("%s, which refuses while the guard is dead, takes an identity that is %s", e.name(), r.identity)
			}
			continue
		}
		if len(judgedBy[e.path()]) == 0 {
			fail("%s asks %s, which is not known", e.name(), e.path())
		}
		for _, part := range judgedBy[e.path()] {
			parts[part] = append(parts[part], e.name())
		}
	}
	for part, names := range parts {
		if len(names) > 1 && !(part == "alpha" && r.rarely(names)) {
			fail("the policies of %s are asked twice: %s", part, strings.Join(names, ", "))
		}
	}
	if r.never() && len(took) > 0 {
		fail("%s takes it", took[0].name())
	}
	if r.builtinExempt && len(took) > 0 {
		fail("the guard exempts it, and %s sends it", took[0].name())
	}
	if r.found && !r.unsent() {
		if r.foundSupport && parts["support"] == nil {
			fail("a finding (%s) that no entry would have asked for", r.policies)
		}
		if r.foundAlpha && parts["alpha"] == nil {
			fail("a use of alpha (%s) that no entry would have asked for", r.policies)
		}
	}
	return failures
}

// compare finds requests that are left out for their identity alone, although the guard does not exempt it.
func compare(all []*review, takers map[*review][]*entry) (failures []string) {
	names := func(took []*entry) string {
		var s []string
		for _, e := range took {
			if !e.required() {
				s = append(s, e.name())
			}
		}
		return strings.Join(s, " ")
	}
	usual := map[string]string{}
	for _, r := range all {
		if r.as == nobody {
			usual[r.of] = names(takers[r])
		}
	}
	for _, r := range all {
		if r.of != "" && !r.builtinExempt && names(takers[r]) != usual[r.of] {
			failures = append(failures, fmt.Sprintf("%s (%s, %s): sent by [%s], as %s by [%s]", r.id, r.user(),
				r.identity, names(takers[r]), nobody, usual[r.of]))
		}
	}
	return failures
}

// report tells what is sent of the traffic that concerns nobody, and what is not sent of the rest.
func report(entries []*entry, recorded []*review, called map[string]map[string]bool) (failures []string) {
	var needless, quiet, concerned, left int
	var of []*review
	for _, r := range recorded {
		sent := false
		for _, e := range entries {
			sent = sent || called[e.name()][r.id]
		}
		switch {
		case r.found:
			of = append(of, r)
		case r.candidate && !r.exempt:
			concerned++
			if !sent {
				left++
			}
		default:
			quiet++
			if sent {
				needless++
			}
		}
	}
	fmt.Printf("findings: %d; a policy names the object, nothing found: %d, of which not sent %d\n",
		len(of), concerned, left)
	fmt.Printf("no policy names the object, or the identity is exempt: %d, of which sent %d (%.1f %%)\n",
		quiet, needless, percent(needless, quiet))
	names := []string{}
	for _, e := range entries {
		names = append(names, e.name())
	}
	sort.Strings(names)
	for _, name := range names {
		sent, idle := 0, 0
		for _, r := range recorded {
			if !called[name][r.id] {
				continue
			}
			sent++
			if !r.found && !(r.candidate && !r.exempt) {
				idle++
			}
		}
		fmt.Printf("  %-59s sent %4d, needlessly %4d (%.1f %% of what concerns nobody)\n", name, sent, idle,
			percent(idle, quiet))
		if strings.HasPrefix(name, "required.") && sent == 0 {
			failures = append(failures, name+" takes none of the recorded requests: nothing is proven about it")
		}
	}
	return failures
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// An entry, and a copy with failurePolicy Fail: errors in its conditions are told that way alone.
type entry struct {
	hook v1.ValidatingWebhook
	call caller
}

func (e *entry) name() string   { return e.hook.Name }
func (e *entry) required() bool { return *e.hook.FailurePolicy == v1.Fail }
func (e *entry) path() string   { return *e.hook.ClientConfig.Service.Path }
