// The workbench: calls, one after the other.

import { correcting } from "./correcting.js";
import { openDesk } from "./desk.js";

openDesk(correcting);
