import { BaseModel } from "../model/base-model.ts";
import { acquireDatabase, bindDatabase, type Database } from "../model/database.ts";
import type { DatabaseOptions } from "../model/database-options.ts";
