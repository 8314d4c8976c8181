import { AybClient, type ClientOptions, type ConnectionInfo } from "./client.js";
import { AybError, errorOf } from "./errors.js";

/** What an application may do with the database. */
export type QueryPermissionLevel = "read-only" | "read-write";

/** How an application asks for access. */
export interface OAuthOptions extends Omit<ClientOptions, "appId" | "url" | "token"> {
  /** Name that the user sees. */
  appName: string;
  queryPermissionLevel: QueryPermissionLevel;
  /** Address of the server. */
  serverUrl: string;
  /** The appName by default. */
  appId?: string;
}

/** Options of authorize. */
export interface AuthorizeOptions {
  /** Path of this origin that the user comes back to; the current page by default. */
  callbackPath?: string;
}

/** The connection and the level that was granted. */
export interface OAuthConnectionInfo extends ConnectionInfo {
  queryPermissionLevel: string;
}

const VERIFIER = "ayb_pkce_verifier";
const STATE = "ayb_oauth_state";
const SERVER = "ayb_oauth_server";
const REDIRECT = "ayb_oauth_redirect";

/** A client that gets its token by the consent of a user (OAuth 2.0 with PKCE). */
export class AybOAuth extends AybClient {
  readonly #options: OAuthOptions;
  #level: string;

  constructor(options: OAuthOptions) {
    super({ ...options, appId: options.appId ?? options.appName });
    this.#options = options;
    this.#level = options.queryPermissionLevel;
  }

  /** Leaves the page to ask the user. The server sends the browser back to the callback. */
  async authorize(options: AuthorizeOptions = {}): Promise<void> {
    const verifier = randomText(32);
    const state = randomText(16);
    const redirect = location.origin + (options.callbackPath ?? location.pathname);
    const server = this.#options.serverUrl.replace(/\/+$/, "");
    sessionStorage.setItem(VERIFIER, verifier);
    sessionStorage.setItem(STATE, state);
    sessionStorage.setItem(SERVER, server);
    sessionStorage.setItem(REDIRECT, redirect); // the callback page need not have the same address
    const query = new URLSearchParams({
      response_type: "code",
      redirect_uri: redirect,
      scope: this.#options.queryPermissionLevel,
      state,
      code_challenge: await challengeOf(verifier),
      code_challenge_method: "S256",
      app_name: this.#options.appName,
    });
    location.assign(`${server}/oauth/authorize?${query.toString()}`);
  }

  /** Finishes the flow on the callback page. Returns false when the page is not called back. */
  async handleCallback(): Promise<boolean> {
    const query = new URL(location.href).searchParams;
    const code = query.get("code");
    const refused = query.get("error");
    if (!refused && !code) {
      return false;
    }
    const verifier = sessionStorage.getItem(VERIFIER);
    const server = sessionStorage.getItem(SERVER);
    if (!verifier || !server) {
      return false; // the parameters are of another program
    }
    if (query.get("state") !== sessionStorage.getItem(STATE)) {
      throw new AybError("Authorization failed: the answer is not for this request (state does not match)");
    }
    const redirect = sessionStorage.getItem(REDIRECT) ?? location.origin + location.pathname;
    cleanUp();
    if (refused) {
      throw new AybError(`Authorization failed: ${query.get("error_description") ?? refused}`);
    }
    await this.#exchange(server, code ?? "", verifier, redirect);
    return true;
  }

  async #exchange(server: string, code: string, verifier: string, redirect: string): Promise<void> {
    const answer = await fetch(`${server}/v1/oauth/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ grant_type: "authorization_code", code, redirect_uri: redirect, code_verifier: verifier }),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw errorOf(answer.status, text);
    }
    const token = JSON.parse(text) as { database_url: string; access_token: string; query_permission_level: string };
    this.#level = token.query_permission_level;
    this.saveConfig(token.database_url, token.access_token);
  }

  protected override store(connection: Parameters<AybClient["store"]>[0]): void {
    super.store({ ...connection, queryPermissionLevel: this.#level });
  }

  protected override restored(stored: Parameters<AybClient["restored"]>[0] & { queryPermissionLevel?: string }): void {
    super.restored(stored);
    this.#level = stored.queryPermissionLevel ?? this.#level;
  }

  override getConnectionInfo(): OAuthConnectionInfo | null {
    const info = super.getConnectionInfo();
    return info && { ...info, queryPermissionLevel: this.#level };
  }
}

/** Finishes a running callback, or restores a stored session; null when there is neither. */
export async function restoreOAuth(options: Omit<OAuthOptions, "serverUrl"> & { serverUrl?: string }): Promise<AybOAuth | null> {
  const client = new AybOAuth({ ...options, serverUrl: options.serverUrl ?? "" });
  if (await client.handleCallback() || client.loadConfig()) {
    return client;
  }
  return null;
}

/** Removes what the flow left in the storage and in the address of the page. */
function cleanUp(): void {
  for (const key of [VERIFIER, STATE, SERVER, REDIRECT]) {
    sessionStorage.removeItem(key);
  }
  const clean = new URL(location.href);
  for (const name of ["code", "state", "error", "error_description"]) {
    clean.searchParams.delete(name);
  }
  history.replaceState(history.state, "", clean);
}

function randomText(bytes: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

async function challengeOf(verifier: string): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new AybError("Authorization needs a secure page: https, or http on localhost");
  }
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
