// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Spec is one line of a gate's history: what it is from that minor on. Minor -1: no version is stated.
type Spec struct {
	Minor   int    `json:"minor"`
	Stage   string `json:"stage"`
	Default bool   `json:"default"`
	Locked  bool   `json:"locked"`
	// Compat: only where the server need not be compatible with older minors, which is not the default.
	Compat bool `json:"compat"`
}

// Gate is what the registration of a gate states, and where the gate is used.
type Gate struct {
	Specs      []Spec   `json:"specs"`
	KEP        int      `json:"kep"`
	Requires   []string `json:"requires"`
	Components []string `json:"components"`
}

// reader collects over all files; an identifier is looked up in its own package, then anywhere.
type reader struct {
	names    map[string]map[string]string // package folder -> identifier -> gate
	anywhere map[string]string
	keps     map[string]int
	gates    map[string]*Gate
	requires map[string][]string
}

var kepPattern = regexp.MustCompile(`(?:kep\.k8s\.io|features\.k8s\.io|enhancements/issues)/(\d+)`)

// Where the components register their gates.
func gateFolders(mods modules) []string {
	dirs := []string{filepath.Join(mods["kubernetes"], "pkg/features")}
	for _, module := range []string{"apiserver", "apiextensions-apiserver", "client-go", "component-base",
		"controller-manager", "kube-aggregator", "cloud-provider"} {
		if mods[module] == "" {
			continue
		}
		for _, dir := range folders(mods[module]) {
			if strings.HasSuffix(dir, "features") || strings.HasSuffix(dir, "logs/api/v1") {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

func readGates(mods modules) (map[string]*Gate, map[string]*Gate) {
	r := &reader{map[string]map[string]string{}, map[string]string{}, map[string]int{}, map[string]*Gate{},
		map[string][]string{}}
	parsed := map[string][]*file{}
	for _, dir := range gateFolders(mods) {
		parsed[dir] = parseDir(dir)
		for _, f := range parsed[dir] {
			r.constants(dir, f)
		}
	}
	for dir, files := range parsed {
		for _, f := range files {
			r.registrations(dir, f)
		}
	}
	for name, gate := range r.gates {
		gate.KEP = r.keps[name]
		gate.Requires = r.requires[name]
	}
	r.components(mods)
	return r.gates, readKubeadm(filepath.Join(mods["kubernetes"], "cmd/kubeadm/app/features"))
}

// constants remembers NAME featuregate.Feature = "Name", and the enhancement its comment names.
func (r *reader) constants(dir string, f *file) {
	for _, decl := range f.ast.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok || len(value.Names) != 1 || len(value.Values) != 1 {
				continue
			}
			name := literal(value.Values[0])
			if name == "" || (value.Type != nil && lastName(value.Type) != "Feature") {
				continue
			}
			r.constant(dir, value.Names[0].Name, name, value.Doc)
		}
	}
}

func (r *reader) constant(dir, ident, name string, doc *ast.CommentGroup) {
	if r.names[dir] == nil {
		r.names[dir] = map[string]string{}
	}
	r.names[dir][ident] = name
	r.anywhere[ident] = name
	if doc == nil {
		return
	}
	if m := kepPattern.FindStringSubmatch(doc.Text()); m != nil {
		r.keps[name], _ = strconv.Atoi(m[1])
	}
}

func (r *reader) name(dir string, e ast.Expr) string {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 { // featuregate.Feature(other.Gate)
		return r.name(dir, call.Args[0])
	}
	ident := lastName(e)
	if name, ok := r.names[dir][ident]; ok {
		if _, local := e.(*ast.Ident); local {
			return name
		}
	}
	if name, ok := r.anywhere[ident]; ok {
		return name
	}
	if text := literal(e); text != "" {
		return text
	}
	return ident
}

// registrations takes the literals of type map[Feature]VersionedSpecs, map[Feature]FeatureSpec, and
// the one of dependencies, map[Feature][]Feature.
func (r *reader) registrations(dir string, f *file) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		t, ok := lit.Type.(*ast.MapType)
		if !ok || lastName(t.Key) != "Feature" {
			return true
		}
		list, isList := t.Value.(*ast.ArrayType)
		for _, elt := range lit.Elts {
			kv, ok := elt.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			name := r.name(dir, kv.Key)
			switch {
			case lastName(t.Value) == "VersionedSpecs" || lastName(t.Value) == "FeatureSpec":
				r.gates[name] = &Gate{Specs: specsOf(kv.Value)}
			case isList && lastName(list.Elt) == "Feature":
				r.dependencies(dir, name, kv.Value)
			}
		}
		return true
	})
}

func (r *reader) dependencies(dir, name string, e ast.Expr) {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return
	}
	for _, elt := range lit.Elts {
		r.requires[name] = append(r.requires[name], r.name(dir, elt))
	}
	sort.Strings(r.requires[name])
}

// specsOf reads {{Version: ..., Default: ..., PreRelease: ...}, ...}, or one spec without the list.
func specsOf(e ast.Expr) []Spec {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	if len(lit.Elts) > 0 {
		if _, one := lit.Elts[0].(*ast.KeyValueExpr); one {
			return []Spec{specOf(lit)}
		}
	}
	var out []Spec
	for _, elt := range lit.Elts {
		if spec, ok := elt.(*ast.CompositeLit); ok {
			out = append(out, specOf(spec))
		}
	}
	return out
}

func specOf(lit *ast.CompositeLit) Spec {
	spec := Spec{Minor: -1, Stage: "ga"}
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch lastName(kv.Key) {
		case "Version":
			spec.Minor = minorOf(kv.Value)
		case "Default":
			spec.Default = lastName(kv.Value) == "true"
		case "MinCompatibilityVersion":
			spec.Compat = true
		case "LockToDefault":
			spec.Locked = lastName(kv.Value) == "true"
		case "PreRelease":
			spec.Stage = strings.ToLower(strings.TrimPrefix(lastName(kv.Value), "pre"))
		}
	}
	return spec
}

// minorOf reads version.MustParse("1.30") and version.MajorMinor(1, 30).
func minorOf(e ast.Expr) int {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return -1
	}
	text := literal(call.Args[len(call.Args)-1])
	if _, minor, dotted := strings.Cut(text, "."); dotted {
		text, _, _ = strings.Cut(minor, ".")
	}
	minor, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return minor
}

// ---- kubeadm, which has a list of its own ----

func readKubeadm(dir string) map[string]*Gate {
	r := &reader{map[string]map[string]string{}, map[string]string{}, map[string]int{}, map[string]*Gate{}, nil}
	for _, f := range parseDir(dir) {
		r.constants(dir, f)
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || lastName(lit.Type) != "FeatureList" {
				return true
			}
			for _, elt := range lit.Elts {
				if kv, ok := elt.(*ast.KeyValueExpr); ok {
					r.gates[r.name(dir, kv.Key)] = &Gate{Specs: kubeadmSpecs(kv.Value)}
				}
			}
			return false
		})
	}
	return r.gates
}

// kubeadmSpecs reads {FeatureSpec: featuregate.FeatureSpec{...}, ...}.
func kubeadmSpecs(e ast.Expr) []Spec {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok || lastName(kv.Key) != "FeatureSpec" {
			continue
		}
		if spec, ok := kv.Value.(*ast.CompositeLit); ok {
			return []Spec{specOf(spec)}
		}
	}
	return nil
}

// ---- who uses a gate ----

var uses = []struct{ folder, component string }{
	{"pkg/kubelet", "kubelet"},
	{"pkg/volume", "kubelet"},
	{"pkg/scheduler", "kube-scheduler"},
	{"pkg/controller", "kube-controller-manager"},
	{"cmd/kube-controller-manager", "kube-controller-manager"},
	{"pkg/proxy", "kube-proxy"},
	{"cmd/kube-proxy", "kube-proxy"},
	{"pkg/registry", "kube-apiserver"},
	{"pkg/apis", "kube-apiserver"},
	{"pkg/api", "kube-apiserver"},
	{"pkg/controlplane", "kube-apiserver"},
	{"pkg/kubeapiserver", "kube-apiserver"},
	{"plugin/pkg", "kube-apiserver"},
}

var usePattern = regexp.MustCompile(`[fF]eatures\.(\w+)`)

func (r *reader) components(mods modules) {
	found := map[string]map[string]bool{}
	for _, use := range uses {
		r.usesBelow(filepath.Join(mods["kubernetes"], use.folder), use.component, found)
	}
	if mods["apiserver"] != "" {
		r.usesBelow(filepath.Join(mods["apiserver"], "pkg"), "kube-apiserver", found)
	}
	for name, components := range found {
		for c := range components {
			r.gates[name].Components = append(r.gates[name].Components, c)
		}
		sort.Strings(r.gates[name].Components)
	}
}

func (r *reader) usesBelow(root, component string, found map[string]map[string]bool) {
	for _, dir := range folders(root) {
		paths, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(dir, "features") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				fatal("%v", err)
			}
			for _, m := range usePattern.FindAllSubmatch(text, -1) {
				name := r.anywhere[string(m[1])]
				if r.gates[name] == nil {
					continue
				}
				if found[name] == nil {
					found[name] = map[string]bool{}
				}
				found[name][component] = true
			}
		}
	}
}
