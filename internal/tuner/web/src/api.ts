import type { Failed, Progress, Ready } from "./types";

const silence = "The tuner does not answer: is kubectl plimsoll tune still running in its terminal?";

// Refused is an error of the server, in its words.
export class Refused extends Error {
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

// ask asks the server; a body makes it a POST.
export async function ask<T>(path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch("api/" + path, body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
  } catch {
    throw new Refused(silence, 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? `The tuner answered ${response.status}.`, response.status);
  return answer as T;
}

// samples follows the reading of the samples until they are there. It can fail more than once: onFailed gets what tries again.
export function samples(onProgress: (p: Progress) => void, onFailed: (e: Error, again: () => void) => void): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const events = new EventSource("api/progress");
    const on = <T>(name: string, f: (t: T) => void): void =>
      events.addEventListener(name, (e) => f(JSON.parse((e as MessageEvent<string>).data) as T));
    const close = (f: () => void): void => (events.close(), f());
    const retry = (): void => void ask("retry", {}).catch((e: Error) => close(() => reject(e)));
    on<Progress>("progress", onProgress);
    on<Ready>("ready", (r) => close(() => resolve(r)));
    on<Failed>("failed", (f) => onFailed(new Error(f.error), retry));
    events.onerror = () => close(() => reject(new Refused(silence, 0)));
  });
}

// Latest asks one question at a time, and always the last one: what came between is not asked.
export class Latest<Q, A> {
  private next: Q | undefined;
  private busy = false;

  constructor(
    private readonly call: (q: Q) => Promise<A>,
    private readonly done: (a: A, q: Q) => void,
    private readonly failed: (e: Error, q: Q) => void,
  ) {}

  ask(q: Q): void {
    this.next = q;
    if (!this.busy) void this.run();
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.next !== undefined) {
      const q = this.next;
      this.next = undefined;
      try {
        this.done(await this.call(q), q);
      } catch (e) {
        this.failed(e as Error, q);
      }
    }
    this.busy = false;
  }
}
