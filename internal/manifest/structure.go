package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// structure finds fields that AlertThresholds do not have and values of a wrong type, which it takes out, so that the rest can be
// decoded. What a value must be is for package rules to say.
type structure struct {
	unknown []string
	errs    field.ErrorList
	// empty are about texts and lists that are there and empty. To decode them is to lose that they were there.
	empty field.ErrorList
	// unquoted are about texts that YAML takes for something else, such as 0.95 or Off. They are decoded as text.
	unquoted field.ErrorList
	// text is the value at a path as it is written; not ok when it is no scalar.
	text func(path string) (text string, ok bool)
}

// checkObject checks a whole AlertThreshold. The status is left out, as on creation.
func (s *structure) checkObject(object map[string]any) {
	delete(object, "status")
	s.checkMetadata(object["metadata"])
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "spec"}, name) {
			s.unknown = append(s.unknown, name)
		}
	}
	spec := field.NewPath("spec")
	if object["spec"] == nil {
		s.errs = append(s.errs, field.Required(spec, ""))
	} else if !s.value(object["spec"], reflect.TypeFor[v1alpha1.AlertThresholdSpec](), spec) {
		delete(object, "spec")
	}
}

// isAbout reports whether an error about that field, or a part of it, was found: then the value was taken out.
func (s *structure) isAbout(path string) bool {
	return slices.ContainsFunc(s.errs, func(err *field.Error) bool {
		rest, ok := strings.CutPrefix(path, err.Field)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// check checks an object of that Go type. An explicit null counts as absent, as for the API server.
func (s *structure) check(object map[string]any, typ reflect.Type, path *field.Path) {
	fields := jsonFields(typ)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		of, known := fields[name]
		switch {
		case !known:
			s.unknown = append(s.unknown, path.Child(name).String())
			delete(object, name)
		case isEmpty(object[name], of):
			s.empty = append(s.empty, field.Invalid(path.Child(name), object[name], "must not be empty: remove it, or give it a value"))
		case s.unquote(object, name, of, path.Child(name)):
		case object[name] == nil || !s.value(object[name], of, path.Child(name)):
			delete(object, name)
		}
	}
}

// unquote takes a number or truth value where a text belongs as it is written, and reports whether it did.
func (s *structure) unquote(object map[string]any, name string, typ reflect.Type, path *field.Path) bool {
	value, want := object[name], "string"
	_, isInteger := value.(int64)
	_, isFraction := value.(float64)
	_, isTruth := value.(bool)
	if typ == reflect.TypeFor[v1alpha1.Value]() {
		isInteger, want = false, "integer,string"
	}
	text, ok := s.text(path.String())
	if !ok || typ.Kind() != reflect.String || !isInteger && !isFraction && !isTruth {
		return false
	}
	s.unquoted = append(s.unquoted, typeInvalid(path, value, want))
	object[name] = text
	return true
}

// isEmpty reports whether the value is a text or list without anything in it.
func isEmpty(value any, typ reflect.Type) bool {
	items, isList := value.([]any)
	return value == "" && typ.Kind() == reflect.String || isList && len(items) == 0 && typ.Kind() == reflect.Slice
}

// value checks one value and reports whether it is of the type.
func (s *structure) value(value any, typ reflect.Type, path *field.Path) bool {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	_, isText := value.(string)
	switch {
	case typ == reflect.TypeFor[v1alpha1.Value]():
		_, isInteger := value.(int64)
		s.isType(value, isText || isInteger, "integer,string", path)
		return true // every value can be decoded
	case typ.Kind() == reflect.String:
		return s.isType(value, isText, "string", path)
	case typ.Kind() == reflect.Slice:
		items, ok := value.([]any)
		if !s.isType(value, ok, "array", path) {
			return false
		}
		for i, item := range items {
			if item == nil || !s.value(item, typ.Elem(), path.Index(i)) {
				items[i] = reflect.Zero(typ.Elem()).Interface()
			}
		}
		return true
	default: // a map of texts, or a struct
		object, ok := value.(map[string]any)
		if !s.isType(value, ok, "object", path) {
			return false
		}
		if typ.Kind() == reflect.Struct {
			s.check(object, typ, path)
			return true
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if !s.value(object[key], typ.Elem(), path.Key(key)) {
				delete(object, key)
			}
		}
		return true
	}
}

// isType records that the value is not of the type, in the API server's words, unless it is.
func (s *structure) isType(value any, ok bool, want string, path *field.Path) bool {
	if !ok {
		s.errs = append(s.errs, typeInvalid(path, value, want))
	}
	return ok
}

func typeInvalid(path *field.Path, value any, want string) *field.Error {
	return field.TypeInvalid(path, value, fmt.Sprintf("must be of type %s: %q", want, typeName(value)))
}

// typeName is what JSON schemas call the value's type.
func typeName(value any) string {
	switch value.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case nil:
		return "null"
	default:
		return "number"
	}
}

// jsonFields are the fields of a struct by their names in JSON.
func jsonFields(typ reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = f.Type
	}
	return fields
}

// checkMetadata checks the fields that every object has; those of a wrong type are taken out.
func (s *structure) checkMetadata(value any) {
	path := field.NewPath("metadata")
	metadata, ok := value.(map[string]any)
	if !ok && value != nil {
		s.isType(value, false, "object", path)
		return
	}
	var decoded metav1.ObjectMeta
	found := len(s.errs)
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		data, err := json.Marshal(map[string]any{name: metadata[name]})
		if err != nil {
			continue // what came from JSON can be written as such
		}
		unknown, err := kjson.UnmarshalStrict(data, &decoded)
		if err != nil {
			s.errs = append(s.errs, field.TypeInvalid(path.Child(name), metadata[name], strings.TrimPrefix(err.Error(), "json: ")))
			delete(metadata, name)
		}
		for _, err := range unknown {
			var text string
			if _, scanErr := fmt.Sscanf(err.Error(), "unknown field %q", &text); scanErr == nil {
				s.unknown = append(s.unknown, path.String()+"."+text)
			}
		}
	}
	switch {
	case len(s.errs) > found:
	case decoded.Name == "":
		s.errs = append(s.errs, field.Required(path.Child("name"), "every AlertThreshold has a name of its own"))
	default:
		s.errs = append(s.errs, validation.ValidateObjectMeta(&decoded, true, validation.NameIsDNSSubdomain, path)...)
	}
}
