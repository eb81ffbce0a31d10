// What the programs in TypeScript share: where the server is, and how an answer is compared with what is known.

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export const host = given("POSTHOG_HOST");
export const project = given("POSTHOG_PROJECT_ID");
export const key = given("POSTHOG_PERSONAL_API_KEY");

export function same(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
}

/** Return a value that must be there. */
export function there<T>(what: string, value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error(`there is no ${what}`);
  return value;
}

export const names = ["cyd@example.com", "bob@example.com", "ada@example.com"];
export const days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"];

/** Return an answer in JSON; the contract knows some in CSV too. */
export function json<T>(value: T | string | null | undefined): T {
  if (value === null || value === undefined || typeof value === "string") throw new Error(`${value} is no answer in JSON`);
  return value;
}
