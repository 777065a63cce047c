package picture

import (
	"bytes"
	"fmt"
	"html"
	"io"

	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// dpi makes a point of the picture two pixels.
const dpi = 144

// WriteSVG writes the picture as SVG. Its texts are text, in whatever font of that width the reader has.
func (p Picture) WriteSVG(w io.Writer) error {
	canvas := vgsvg.New(width, p.height())
	if err := p.draw(canvas); err != nil {
		return err
	}
	var text bytes.Buffer
	if _, err := canvas.WriteTo(&text); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	named := fmt.Sprintf(`<svg role="img" aria-label="%s" width=`, html.EscapeString(oneLine(p.Title+". "+p.Subtitle)))
	svg := bytes.Replace(text.Bytes(), []byte("<svg width="), []byte(named), 1)
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	if _, err := w.Write(svg); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}

// WritePNG writes the picture as PNG, two pixels to a point.
func (p Picture) WritePNG(w io.Writer) error {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, p.height()), vgimg.UseDPI(dpi))}
	if err := p.draw(canvas); err != nil {
		return err
	}
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}
