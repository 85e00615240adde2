// The database that the configuration names, held by this process alone: one control plane a database.
import type { Database } from "../store/database.ts";
import { openPostgres } from "../store/postgres.ts";
import { openSqlite } from "../store/sqlite.ts";
import type { StoreAddress } from "./configuration.ts";

/** Fails with store_unavailable, or with configuration_invalid on a server that forgets what it committed. */
export async function openStore(store: StoreAddress): Promise<Database> {
  switch (store.kind) {
    case "sqlite":
      return openSqlite(store.path);
    case "postgres":
      return openPostgres(store.address, { isExclusive: true });
  }
}
