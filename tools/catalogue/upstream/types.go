// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// Package is one version of an API group, or the internal one (Version "").
type Package struct {
	Group     string                `json:"group"`
	Version   string                `json:"version"`
	Structs   map[string][]Field    `json:"structs"`
	Constants []Constant            `json:"constants"`
	Lifecycle map[string]*Lifecycle `json:"lifecycle"`
	named     map[string]Type
}

// Field of a struct. Name is the JSON one, and empty where the field is inlined.
type Field struct {
	Name  string   `json:"name"`
	Go    string   `json:"go"`
	Gates []string `json:"gates,omitempty"`
	Type  Type     `json:"type"`
}

// Type: Steps are "[*]" and "{*}", outermost first; Ref is "core/v1.PodSpec", or empty for what has no
// fields.
type Type struct {
	Steps []string `json:"steps,omitempty"`
	Ref   string   `json:"ref,omitempty"`
}

// Constant is a typed text of a package: a value that a field may have.
type Constant struct {
	Type  string   `json:"type"`
	Value string   `json:"value"`
	Gates []string `json:"gates,omitempty"`
}

// Lifecycle of a kind, minors of 1.x; 0: not stated.
type Lifecycle struct {
	Introduced  int               `json:"introduced"`
	Deprecated  int               `json:"deprecated"`
	Removed     int               `json:"removed"`
	Replacement map[string]string `json:"replacement,omitempty"`
}

// importRoots: import path below which API packages stand -> module, folder in it.
var importRoots = []struct{ path, module, folder string }{
	{"k8s.io/api/", "api", ""},
	{"k8s.io/apimachinery/pkg/apis/", "apimachinery", "pkg/apis"},
	{"k8s.io/apiextensions-apiserver/pkg/apis/", "apiextensions-apiserver", "pkg/apis"},
	{"k8s.io/kube-aggregator/pkg/apis/", "kube-aggregator", "pkg/apis"},
}

// internalRoots hold the types without a version, whose markers stand for all versions.
var internalRoots = []struct{ module, folder string }{
	{"kubernetes", "pkg/apis"},
	{"apiextensions-apiserver", "pkg/apis"},
}

func readPackages(mods modules) map[string]*Package {
	out := map[string]*Package{}
	for _, root := range importRoots {
		base := filepath.Join(mods[root.module], root.folder)
		groups, err := os.ReadDir(base)
		if mods[root.module] == "" || err != nil {
			continue
		}
		for _, group := range groups {
			versions, _ := os.ReadDir(filepath.Join(base, group.Name()))
			for _, version := range versions {
				if version.IsDir() && strings.HasPrefix(version.Name(), "v") {
					key := group.Name() + "/" + version.Name()
					out[key] = readPackage(filepath.Join(base, key), key)
				}
			}
		}
	}
	for _, root := range internalRoots {
		base := filepath.Join(mods[root.module], root.folder)
		groups, _ := os.ReadDir(base)
		for _, group := range groups {
			if group.IsDir() && mods[root.module] != "" {
				out[group.Name()] = readPackage(filepath.Join(base, group.Name()), group.Name())
			}
		}
	}
	return out
}

func readPackage(dir, key string) *Package {
	p := &Package{Structs: map[string][]Field{}, Lifecycle: map[string]*Lifecycle{}, named: map[string]Type{}}
	if _, version, ok := strings.Cut(key, "/"); ok {
		p.Version = version
	}
	files := parseDir(dir)
	for _, f := range files {
		p.named = namedTypes(f, key, p.named)
	}
	for _, f := range files {
		p.read(f, key)
	}
	for name, fields := range p.Structs {
		for i := range fields {
			fields[i].Type = p.resolve(fields[i].Type, key)
		}
		p.Structs[name] = fields
	}
	return p
}

// ---- types ----

// namedTypes remembers what is no struct: type ResourceList map[ResourceName]resource.Quantity.
func namedTypes(f *file, key string, named map[string]Type) map[string]Type {
	for _, decl := range f.ast.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok {
				if _, isStruct := t.Type.(*ast.StructType); !isStruct {
					named[t.Name.Name] = typeOf(f, key, t.Type)
				}
			}
		}
	}
	return named
}

// resolve replaces the named types of the package itself; the depth ends what names itself.
func (p *Package) resolve(t Type, key string) Type {
	for depth := 0; depth < 8; depth++ {
		name := strings.TrimPrefix(t.Ref, key+".")
		under, ok := p.named[name]
		if !ok || name == t.Ref {
			return t
		}
		t = Type{append(append([]string{}, t.Steps...), under.Steps...), under.Ref}
	}
	return t
}

func typeOf(f *file, key string, e ast.Expr) Type {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeOf(f, key, e.X)
	case *ast.ArrayType:
		if lastName(e.Elt) == "byte" {
			return Type{}
		}
		inner := typeOf(f, key, e.Elt)
		return Type{append([]string{"[*]"}, inner.Steps...), inner.Ref}
	case *ast.MapType:
		inner := typeOf(f, key, e.Value)
		return Type{append([]string{"{*}"}, inner.Steps...), inner.Ref}
	case *ast.Ident:
		return Type{Ref: key + "." + e.Name}
	case *ast.SelectorExpr:
		return Type{Ref: foreign(f, e)}
	}
	return Type{}
}

// foreign is the key of a type of another package, if it is an API's: "core/v1.PodSpec".
func foreign(f *file, e *ast.SelectorExpr) string {
	path := f.names[lastName(e.X)]
	for _, root := range importRoots {
		if strings.HasPrefix(path, root.path) {
			return strings.TrimPrefix(path, root.path) + "." + e.Sel.Name
		}
	}
	return ""
}

// ---- one file ----

func (p *Package) read(f *file, key string) {
	for _, decl := range f.ast.Decls {
		switch d := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				p.declared(f, key, spec)
			}
		case *ast.FuncDecl:
			p.lifecycle(d)
		}
	}
}

func (p *Package) declared(f *file, key string, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if t, ok := s.Type.(*ast.StructType); ok {
			p.Structs[s.Name.Name] = fieldsOf(f, key, t)
		}
	case *ast.ValueSpec:
		p.constant(s)
	}
}

func (p *Package) constant(s *ast.ValueSpec) {
	if len(s.Names) != 1 || len(s.Values) != 1 {
		return
	}
	value, name := literal(s.Values[0]), ""
	if s.Type != nil {
		name = lastName(s.Type)
	}
	if s.Names[0].Name == "GroupName" {
		p.Group = value
		return
	}
	if value != "" {
		p.Constants = append(p.Constants, Constant{name, value, markers(s.Doc, s.Comment)})
	}
}

func fieldsOf(f *file, key string, t *ast.StructType) []Field {
	out := []Field{}
	for _, field := range t.Fields.List {
		tag := ""
		if field.Tag != nil {
			tag = reflect.StructTag(unquote(field.Tag.Value)).Get("json")
		}
		json, options, _ := strings.Cut(tag, ",")
		goName := lastName(field.Type)
		if len(field.Names) > 0 {
			goName = field.Names[0].Name
		}
		if json == "-" {
			continue
		}
		if json == "" && !strings.Contains(options, "inline") && len(field.Names) > 0 {
			json = goName // as encoding/json names it, and for the internal types
		}
		out = append(out, Field{json, goName, markers(field.Doc, field.Comment), typeOf(f, key, field.Type)})
	}
	return out
}

// markers reads "+featureGate=A,B" of the comments above and behind.
func markers(groups ...*ast.CommentGroup) []string {
	var out []string
	for _, g := range groups {
		if g == nil {
			continue
		}
		for _, line := range g.List {
			text := strings.TrimSpace(strings.TrimPrefix(line.Text, "//"))
			if !strings.HasPrefix(text, "+featureGate=") {
				continue
			}
			for _, gate := range strings.Split(strings.TrimPrefix(text, "+featureGate="), ",") {
				out = append(out, strings.TrimSpace(gate))
			}
		}
	}
	return out
}

// ---- life cycles ----

// lifecycle reads func (in *Kind) APILifecycleRemoved() (major, minor int) { return 1, 25 }.
func (p *Package) lifecycle(d *ast.FuncDecl) {
	what := strings.TrimPrefix(d.Name.Name, "APILifecycle")
	if d.Recv == nil || what == d.Name.Name || len(d.Body.List) != 1 {
		return
	}
	ret, ok := d.Body.List[0].(*ast.ReturnStmt)
	star, pointer := d.Recv.List[0].Type.(*ast.StarExpr)
	if !ok || !pointer {
		return
	}
	kind := lastName(star.X)
	if p.Lifecycle[kind] == nil {
		p.Lifecycle[kind] = &Lifecycle{}
	}
	l := p.Lifecycle[kind]
	switch what {
	case "Introduced":
		l.Introduced = number(ret.Results)
	case "Deprecated":
		l.Deprecated = number(ret.Results)
	case "Removed":
		l.Removed = number(ret.Results)
	case "Replacement":
		l.Replacement = replacement(ret.Results)
	}
}

func number(results []ast.Expr) int {
	if len(results) != 2 {
		return 0
	}
	n, _ := strconv.Atoi(literal(results[1]))
	return n
}

func replacement(results []ast.Expr) map[string]string {
	out := map[string]string{}
	if len(results) != 1 {
		return out
	}
	lit, ok := results[0].(*ast.CompositeLit)
	if !ok {
		return out
	}
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			out[strings.ToLower(lastName(kv.Key))] = literal(kv.Value)
		}
	}
	return out
}
