import { ask } from "./api";
import { h, text } from "./dom";
import type { Store } from "./state";
import type { Applied, Change, Subject } from "./types";

// ChangeDialog is the way out: what to copy, and Apply, which tries without writing first.
export class ChangeDialog {
  private readonly parts = h("div", { class: "parts" });
  private readonly result = h("div", { class: "result", role: "status" });
  private readonly act = h("div", { class: "act" });
  readonly root: HTMLDialogElement;

  constructor(private readonly subject: Subject, private readonly store: Store, private readonly onApplied: () => void) {
    this.root = h("dialog", { class: "change", "aria-labelledby": "change-title" },
      h("header", {}, h("h2", { id: "change-title" }, "Take these levels"),
        h("button", { type: "button", class: "quiet", "aria-label": "close", click: () => this.root.close() }, "✕")),
      this.parts, this.result, this.act);
  }

  async open(): Promise<void> {
    this.parts.replaceChildren(h("p", { class: "muted" }, "…"));
    this.result.replaceChildren();
    this.act.replaceChildren();
    this.root.showModal();
    try {
      const change = await ask<Change>("change", { levels: this.store.levels });
      this.parts.replaceChildren(
        ...(change.changed ? [] : [h("p", {}, "These are the levels of now: there is nothing to change.")]),
        ...part("Command", change.command), ...part("Patch", change.patch), ...part("Expression", change.expr), ...part("YAML", change.yaml));
      if (!this.subject.canApply) this.act.replaceChildren(h("p", { class: "muted" }, this.subject.applyAbsent ?? "It cannot be applied from here."));
      else if (change.changed) this.offer();
    } catch (e) {
      this.parts.replaceChildren();
      this.fail(e as Error, () => void this.open());
    }
  }

  private offer(): void {
    this.act.replaceChildren(
      h("button", { type: "button", class: "primary", "data-act": "dry-run", click: () => void this.apply(true) }, "Try on the server"),
      h("span", { class: "muted" }, "A dry run: nothing is written, and its warnings are shown."));
  }

  private async apply(dryRun: boolean): Promise<void> {
    this.act.querySelectorAll("button").forEach((b) => (b.disabled = true));
    const { kind, namespace, name } = this.subject;
    try {
      const answer = await ask<Applied>("apply", { levels: this.store.levels, dryRun });
      const warnings = answer.warnings ?? [];
      this.result.replaceChildren(
        h("p", {}, !dryRun ? `Applied to ${kind} ${namespace}/${name}.` : warnings.length ? "The server takes it, and warns:" : "The server takes it, without a warning."),
        ...(warnings.length ? [h("ul", {}, ...warnings.map((w) => h("li", {}, w)))] : []));
      if (dryRun) {
        const confirm = h("button", { type: "button", class: "primary", "data-act": "apply", click: () => void this.apply(false) }, `Apply to ${namespace}/${name}`);
        this.act.replaceChildren(confirm, h("button", { type: "button", click: () => this.root.close() }, "Cancel"));
        confirm.focus();
      } else {
        this.act.replaceChildren(h("button", { type: "button", class: "primary", click: () => this.root.close() }, "Close"));
        this.onApplied();
      }
    } catch (e) {
      this.fail(e as Error, () => void this.apply(true));
    }
  }

  private fail(e: Error, again: () => void): void {
    this.result.replaceChildren(h("p", { class: "error" }, e.message));
    this.act.replaceChildren(h("button", { type: "button", click: again }, "Try again"));
  }
}

// part is a text with a button that copies it; none if there is no text.
function part(name: string, code: string): HTMLElement[] {
  if (!code) return [];
  const button = h("button", {
    type: "button", class: "copy", "aria-label": `copy ${name}`,
    click: async () => {
      await copy(code, pre);
      text(button, "Copied");
      setTimeout(() => text(button, "Copy"), 1500);
    },
  }, "Copy");
  const pre = h("pre", { tabindex: 0, role: "group", "aria-label": name, "data-part": name }, code);
  return [h("section", {}, h("header", {}, h("h3", {}, name), button), pre)];
}

// copy writes to the clipboard, or selects the text where the browser does not let it.
async function copy(code: string, pre: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(code);
  } catch {
    getSelection()?.selectAllChildren(pre);
    document.execCommand("copy");
  }
}
