// Client of ayb: queries with typed values, OAuth for applications in browsers, and
// migrations. It needs nothing but fetch.
export { AybClient } from "./client.js";
export type { BatchOptions, ClientOptions, ConnectionInfo, DatabaseUrl, QueryOptions, TextResult } from "./client.js";
export { AybError } from "./errors.js";
export { runMigrations } from "./migrations.js";
export { createServerSelectionModal } from "./modal.js";
export type { ServerSelectionOptions } from "./modal.js";
export { AybOAuth, restoreOAuth } from "./oauth.js";
export type { AuthorizeOptions, OAuthConnectionInfo, OAuthOptions, QueryPermissionLevel } from "./oauth.js";
export type { StorageChoice, TokenStorage } from "./storage.js";
export type { Column, Params, Result, Row, RowStream, Statement } from "./typed.js";
export type { Value } from "./values.js";
