// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	v1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

type caller = webhook.WebhookAccessor

// The part of an API server that decides whom to call.
type server struct {
	plugin  *validating.Plugin
	objects objectInterfaces
	entries []*entry
}

// Only the mapper is asked for: objects are not converted here, the client's version is judged.
type objectInterfaces struct {
	admission.ObjectInterfaces
	mapper runtime.EquivalentResourceMapper
}

func (o objectInterfaces) GetEquivalentResourceMapper() runtime.EquivalentResourceMapper {
	return o.mapper
}

func newServer(configuration *v1.ValidatingWebhookConfiguration, reviews []*review) (*server, error) {
	plugin, err := validating.NewValidatingAdmissionWebhook(nil)
	if err != nil {
		return nil, err
	}
	client := fake.NewClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	plugin.SetExternalKubeClientSet(client)
	plugin.SetExternalKubeInformerFactory(factory)
	namespaces := factory.Core().V1().Namespaces().Informer().GetStore()
	for _, r := range reviews {
		if r.request.Namespace == "" {
			continue
		}
		// Every namespace has this label: the API server's defaulting writes it.
		if err := namespaces.Add(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: r.request.Namespace, Labels: map[string]string{corev1.LabelMetadataName: r.request.Namespace},
		}}); err != nil {
			return nil, err
		}
	}
	s := &server{plugin: plugin, objects: objectInterfaces{mapper: newMapper(reviews)}}
	for i, hook := range configuration.Webhooks {
		strict := *hook.DeepCopy()
		fail := v1.Fail
		strict.FailurePolicy = &fail
		if strict.ObjectSelector == nil { // as the API server's defaulting does
			strict.ObjectSelector = &metav1.LabelSelector{}
		}
		s.entries = append(s.entries, &entry{hook: hook,
			call: webhook.NewValidatingWebhookAccessor(fmt.Sprint(i), configuration.Name, &strict)})
	}
	return s, nil
}

// callers are the entries that the API server would call; a condition that fails is told.
func (s *server) callers(ctx context.Context, r *review) (took []*entry, failures []string) {
	attr := r.attributes()
	if rules.IsExemptAdmissionConfigurationResource(attr) {
		return nil, nil
	}
	for _, e := range s.entries {
		invocation, err := s.plugin.ShouldCallHook(ctx, e.call, attr, s.objects, versioned{attr, r})
		if err != nil {
			failures = append(failures, fmt.Sprintf("%s, %s: %v", r.id, e.name(), err))
		} else if invocation != nil {
			took = append(took, e)
		}
	}
	return took, failures
}

// The object as the client sent it stands for each version: CEL here asks of metadata alone.
type versioned struct {
	attr admission.Attributes
	r    *review
}

func (v versioned) VersionedAttribute(gvk schema.GroupVersionKind) (*admission.VersionedAttributes, error) {
	return &admission.VersionedAttributes{Attributes: v.attr, VersionedKind: gvk,
		VersionedObject: v.attr.GetObject(), VersionedOldObject: v.attr.GetOldObject()}, nil
}

func (r *review) attributes() admission.Attributes {
	q := r.request
	kind, resource, sub := q.Kind, q.Resource, q.SubResource
	if q.RequestKind != nil && q.RequestResource != nil {
		kind, resource, sub = *q.RequestKind, *q.RequestResource, q.RequestSubResource
	}
	dryRun := q.DryRun != nil && *q.DryRun
	return admission.NewAttributesRecord(r.object, r.oldObject, schema.GroupVersionKind(kind), q.Namespace, q.Name,
		schema.GroupVersionResource(resource), sub, admission.Operation(q.Operation), nil, dryRun,
		&user.DefaultInfo{Name: q.UserInfo.Username, UID: q.UserInfo.UID, Groups: q.UserInfo.Groups})
}

func objectOf(raw []byte) (runtime.Object, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	return u, nil
}

// newMapper knows the kinds of Kubernetes, one resource in several versions or groups being the same
// storage, and the subresources that the reviews show. Alpha versions are served only where a review
// shows one, as by an API server that has them off.
func newMapper(reviews []*review) runtime.EquivalentResourceMapper {
	mapper := runtime.NewEquivalentResourceRegistryWithIdentity(identity)
	for kind := range scheme.Scheme.AllKnownTypes() {
		if kind.Version == runtime.APIVersionInternal || strings.HasSuffix(kind.Kind, "Options") ||
			strings.HasSuffix(kind.Kind, "List") || strings.Contains(kind.Version, "alpha") {
			continue
		}
		plural, _ := meta.UnsafeGuessKindToResource(kind)
		mapper.RegisterKindFor(plural, "", kind)
	}
	for _, r := range reviews {
		a := r.attributes()
		mapper.RegisterKindFor(a.GetResource(), a.GetSubresource(), a.GetKind())
	}
	return mapper
}

func identity(r schema.GroupResource) string {
	if r.Group == "extensions" {
		switch r.Resource {
		case "deployments", "daemonsets", "replicasets":
			r.Group = "apps"
		case "ingresses", "networkpolicies":
			r.Group = "networking.k8s.io"
		}
	}
	if r.Resource == "events" {
		r.Group = "events.k8s.io"
	}
	return r.String()
}

type admissionRequest = admissionv1.AdmissionRequest
