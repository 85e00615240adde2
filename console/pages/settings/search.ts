// Which part of the settings is shown, as it stands in the address.
import { z } from "zod";

export const tabs = ["people", "keys", "sessions", "trust", "connections", "standing", "settings", "doctor"] as const;
export const SettingsSearch = z.object({ tab: z.enum(tabs).optional().catch(undefined) });
