/** A place for the token of a connection, in the form of `localStorage`. */
export interface TokenStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * Where the token is kept: `local` until it is removed, `session` until the tab is
 * closed, `memory` until the page is left, or a place of the application.
 */
export type StorageChoice = "local" | "session" | "memory" | TokenStorage;

/** Returns the storage of a choice; without a browser that is memory. */
export function storageOf(choice: StorageChoice = "local"): TokenStorage {
  if (typeof choice !== "string") {
    return choice;
  }
  if (choice === "local" && typeof localStorage !== "undefined") {
    return localStorage;
  }
  if (choice === "session" && typeof sessionStorage !== "undefined") {
    return sessionStorage;
  }
  return new MemoryStorage();
}

class MemoryStorage implements TokenStorage {
  readonly #items = new Map<string, string>();

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }
}
