import { h, text } from "./dom";

// Banner says what went wrong, and tries again on request.
export class Banner {
  private readonly words = h("p");
  private readonly button = h("button", { type: "button", click: () => this.again?.() }, "Try again");
  readonly root = h("div", { class: "banner", role: "alert", hidden: true }, this.words, this.button);
  private again?: () => void;

  show(e: Error, again?: () => void): void {
    text(this.words, e.message);
    this.again = again && (() => (this.hide(), again()));
    this.button.hidden = !again;
    this.root.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
  }
}
