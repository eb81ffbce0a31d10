// What the programs in TypeScript share: where the server is, who is asked for, and the loop over the operations.

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export const host = given("POSTHOG_HOST");
export const project = given("POSTHOG_PROJECT_ID");
export const key = given("POSTHOG_PERSONAL_API_KEY");
export const ada = given("ADA");
export const bob = given("BOB");

/** Return a value that must be there. */
export function there<T>(what: string, value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error(`there is no ${what}`);
  return value;
}

/** An operation: its name, and a call that gives the status and what was read in the answer. */
export type Row = [name: string, call: () => Promise<[status: number, read: unknown]>];

/** Call the operations, and print a line for each. */
export async function run(rows: readonly Row[]): Promise<void> {
  for (const [name, call] of rows) {
    const [status, read] = await call();
    console.log(name, status, JSON.stringify(read));
  }
}

export function fail(error: unknown): void {
  console.error(String(error));
  process.exitCode = 1;
}
