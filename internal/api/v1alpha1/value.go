package v1alpha1

import "encoding/json"

// Value is a threshold as it was written, a JSON number or string: 80, "0.05", "2s", "5%", "$3". What it means depends on
// the signal's unit, so it is kept as text. The API server takes integers and strings: a fraction without a unit is quoted.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XIntOrString
// +kubebuilder:validation:Type=""
type Value string

// UnmarshalJSON keeps a string's content, and any other JSON value as its own text. It refuses nothing: the API server
// lets any value through (a schema can allow integers and strings, but not fractions, together), and one that could not
// be decoded would stop the controller from reading all the others. Rules that cannot make sense of it say so.
func (v *Value) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		*v = Value(data)
		return nil
	}
	*v = Value(text)
	return nil
}
