// SPDX-License-Identifier: Apache-2.0

// Upstream reads the sources of one release of Kubernetes and prints what they state about feature
// gates and API types, as JSON. It parses with Go's own parser, builds nothing and runs nothing of
// what it reads.
//
//	upstream MODULE=FOLDER...    kubernetes=/.../k8s.io/kubernetes@v1.37.2 api=/.../k8s.io/api@v0.37.2 ...
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Facts is all that is printed.
type Facts struct {
	Gates    map[string]*Gate    `json:"gates"`
	Kubeadm  map[string]*Gate    `json:"kubeadm"`
	Packages map[string]*Package `json:"packages"`
}

type modules map[string]string

// file is one parsed source file; names maps an import's name to its path.
type file struct {
	path  string
	ast   *ast.File
	names map[string]string
}

func fatal(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "upstream: "+format+"\n", args...)
	os.Exit(1)
}

// parseDir reads the Go files of one folder, tests left out, in the order of their names.
func parseDir(dir string) []*file {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []*file
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		path := filepath.Join(dir, name)
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			fatal("%v", err)
		}
		out = append(out, &file{path, parsed, imports(parsed)})
	}
	return out
}

func imports(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range f.Imports {
		path := unquote(spec.Path.Value)
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	return names
}

// folders lists every folder below a root that holds Go files, vendored and test folders left out.
func folders(root string) []string {
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "vendor" || d.Name() == "testdata" || d.Name() == "third_party") {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ".go") {
			seen[filepath.Dir(path)] = true
		}
		return nil
	})
	if err != nil {
		fatal("%v", err)
	}
	var out []string
	for dir := range seen {
		out = append(out, dir)
	}
	sort.Strings(out)
	return out
}

func unquote(s string) string {
	text, err := strconv.Unquote(s)
	if err != nil {
		return s
	}
	return text
}

func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok {
		return unquote(lit.Value)
	}
	return ""
}

// lastName is the name of an identifier, or of what a selector selects.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func main() {
	mods := modules{}
	for _, arg := range os.Args[1:] {
		name, dir, ok := strings.Cut(arg, "=")
		if !ok {
			fatal("%q is not MODULE=FOLDER", arg)
		}
		mods[name] = dir
	}
	if mods["kubernetes"] == "" || mods["api"] == "" {
		fatal("name at least kubernetes=FOLDER and api=FOLDER")
	}
	facts := Facts{Packages: readPackages(mods)}
	facts.Gates, facts.Kubeadm = readGates(mods)
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(facts); err != nil {
		fatal("%v", err)
	}
}
