package picture

import (
	"fmt"
	"image/color"
	"strings"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// fonts are the styles of all texts: Liberation Sans, whose letters are as wide as those of Arial and Helvetica.
type fonts struct{ title, bold, regular draw.TextStyle }

func loadFonts() (fonts, error) {
	regular, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		return fonts{}, fmt.Errorf("reading the font: %w", err)
	}
	bold, err := opentype.Parse(liberationsansbold.TTF)
	if err != nil {
		return fonts{}, fmt.Errorf("reading the bold font: %w", err)
	}
	normal, heavy := font.Font{Typeface: "Liberation", Variant: "Sans"}, font.Font{Typeface: "Liberation", Variant: "Sans", Weight: xfont.WeightBold}
	handler := text.Plain{Fonts: font.NewCache(font.Collection{{Font: normal, Face: regular}, {Font: heavy, Face: bold}})}
	return fonts{
		title:   draw.TextStyle{Font: font.From(heavy, 17), Handler: handler},
		bold:    draw.TextStyle{Font: font.From(heavy, 10.5), Handler: handler},
		regular: draw.TextStyle{Font: font.From(normal, 10.5), Handler: handler},
	}, nil
}

// text writes one line, whose base line begins there.
func (d *drawing) text(style draw.TextStyle, c color.Color, x, y vg.Length, line string) {
	style.Color = c
	d.FillText(style, vg.Point{X: x, Y: y}, line)
}

// oneLine makes one line of a text that is valid in XML.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// clip makes one line of a text, and cuts it where it is wider than that.
func (d *drawing) clip(style draw.TextStyle, line string, limit vg.Length) string {
	line = oneLine(line)
	if style.Width(line) <= limit {
		return line
	}
	letters := []rune(line)
	for len(letters) > 0 && style.Width(string(letters)+"…") > limit {
		letters = letters[:len(letters)-1]
	}
	return string(letters) + "…"
}
