package manifest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/config/crd"
)

// apiServer checks an AlertThreshold as the API server does when one is created, with the API server's own code. It does
// not run the schema's CEL rules: rules.Resolve says the same.
type apiServer struct {
	structural *schema.Structural
	openAPI    schemavalidation.SchemaValidator
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
	return &apiServer{structural, openAPI}, nil
})

// check fills in the object's defaults. It returns the paths of fields that the resource does not have, and the mistakes in
// types, names and lengths. The status is left out, as on creation.
func (a *apiServer) check(object map[string]any) (unknown []string, errs field.ErrorList) {
	delete(object, "status")
	unknown = pruning.PruneWithOptions(object, a.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, a.structural)
	defaulting.Default(object, a.structural)

	unknownMetadata, errs := checkMetadata(object)
	return append(unknown, unknownMetadata...), slices.Concat(errs, schemavalidation.ValidateCustomResource(nil, object, a.openAPI),
		listtype.ValidateListSetsAndMaps(nil, a.structural, object))
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
