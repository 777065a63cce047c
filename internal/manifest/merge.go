package manifest

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// merge is what the schema and rules.Resolve say together, each mistake once. Most are known to both; then the words are
// Resolve's, which tell the fix.
func merge(structure, resolved field.ErrorList) field.ErrorList {
	resolved = slices.DeleteFunc(resolved, func(r *field.Error) bool { return unknowable(r, structure) })
	own := slices.DeleteFunc(slices.Clone(structure), func(s *field.Error) bool {
		return s.Type != field.ErrorTypeTypeInvalid && mistyped(s.Field, structure) ||
			slices.ContainsFunc(resolved, func(r *field.Error) bool {
				return r.Field == s.Field || r.Type == s.Type && within(r.Field, s.Field)
			})
	})
	return slices.Concat(own, resolved)
}

// unknowable reports whether the error is of a field that Resolve could not see, because it, or what it is part of, has
// the wrong type or is missing.
func unknowable(r *field.Error, structure field.ErrorList) bool {
	return slices.ContainsFunc(structure, func(s *field.Error) bool {
		switch s.Type {
		case field.ErrorTypeTypeInvalid:
			return within(r.Field, s.Field)
		case field.ErrorTypeRequired:
			return within(r.Field, s.Field) && r.Field != s.Field
		default:
			return false
		}
	})
}

// mistyped reports whether the field is known to have the wrong type, so that nothing more is to be said of it.
func mistyped(path string, structure field.ErrorList) bool {
	return slices.ContainsFunc(structure, func(s *field.Error) bool {
		return s.Type == field.ErrorTypeTypeInvalid && s.Field == path
	})
}

// within reports whether the field is the other or a part of it.
func within(path, of string) bool {
	rest, ok := strings.CutPrefix(path, of)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
