package manifest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/config/crd"
)

// apiServer checks an AlertThreshold as the API server does when one is created, with the API server's own code.
type apiServer struct {
	structural *schema.Structural
	openAPI    schemavalidation.SchemaValidator
	rules      *cel.Validator
}

// theAPIServer knows the resource's definition. The error would be a mistake in the definition that is built in.
var theAPIServer = sync.OnceValues(func() (*apiServer, error) {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(crd.AlertThresholds, &definition); err != nil {
		return nil, fmt.Errorf("read the definition of AlertThreshold: %w", err)
	}
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		definition.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil); err != nil {
		return nil, fmt.Errorf("read the schema of AlertThreshold: %w", err)
	}
	structural, err := schema.NewStructural(&props)
	if err != nil {
		return nil, fmt.Errorf("read the schema of AlertThreshold: %w", err)
	}
	openAPI, _, err := schemavalidation.NewSchemaValidator(&props)
	if err != nil {
		return nil, fmt.Errorf("read the schema of AlertThreshold: %w", err)
	}
	return &apiServer{structural, openAPI, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
})

// refusal is what the API server would refuse an object for.
type refusal struct {
	// unknown are the paths of fields that the resource does not have.
	unknown []string
	// structure are the mistakes in types, names and lengths, rules those that the schema's CEL rules find; the latter are
	// not run on an object that is badly built.
	structure, rules field.ErrorList
}

// check fills in the object's defaults and says what is wrong with it. Its status is left out, as on creation.
func (a *apiServer) check(ctx context.Context, object map[string]any) refusal {
	var r refusal
	delete(object, "status")
	r.unknown = pruning.PruneWithOptions(object, a.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, a.structural)
	defaulting.Default(object, a.structural)

	unknown, errs := checkMetadata(object)
	r.unknown = append(r.unknown, unknown...)
	r.structure = slices.Concat(errs, schemavalidation.ValidateCustomResource(nil, object, a.openAPI),
		listtype.ValidateListSetsAndMaps(nil, a.structural, object))
	if len(r.structure) == 0 {
		r.rules, _ = a.rules.Validate(ctx, nil, a.structural, object, nil, celconfig.RuntimeCELCostBudget)
	}
	return r
}

// checkMetadata checks the fields that every object has. Those of a wrong type are taken out.
func checkMetadata(object map[string]any) (unknown []string, errs field.ErrorList) {
	path := field.NewPath("metadata")
	metadata, ok := object["metadata"].(map[string]any)
	if !ok && object["metadata"] != nil {
		return nil, nil // its type is the schema's to check
	}
	for name, value := range metadata {
		one := map[string]any{"metadata": map[string]any{name: value}}
		_, _, paths, err := objectmeta.GetObjectMetaWithOptions(one, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
		unknown = append(unknown, paths...)
		if err != nil {
			errs = append(errs, field.TypeInvalid(path.Child(name), value, strings.TrimPrefix(err.Error(), "json: ")))
			delete(metadata, name)
		}
	}
	if len(errs) > 0 {
		return unknown, errs
	}
	if name, _ := metadata["name"].(string); name == "" {
		return unknown, field.ErrorList{field.Required(path.Child("name"), "every AlertThreshold has a name of its own")}
	}
	return unknown, validation.ValidateObjectMetaAccessor(&unstructured.Unstructured{Object: object}, true, validation.NameIsDNSSubdomain, path)
}
