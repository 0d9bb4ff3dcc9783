import type { Appstore } from '../../appstore/index.ts';
import type { Config } from '../../base/config.ts';
import type { Log } from '../../base/log.ts';
import type { Outbox } from '../../export/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { Network } from '../../network/index.ts';
import type { Stores } from '../../store/index.ts';
import type { Manager } from '../face.ts';
import type { Password, PasswordOptions } from './password.ts';
import type { Sessions } from './sessions.ts';
import type { Throttle } from './throttle.ts';

export type OwnerOptions = {
  manager: Manager;
  appstore: Appstore;
  ledger: Ledger;
  config: Config;
  log: Log;
  /** Shows the first password; by default on standard output if that is a terminal, else only the file's name. */
  announce?: PasswordOptions['announce'];
};

export type DoorOptions = OwnerOptions & { password: Password; sessions: Sessions; throttle: Throttle };

export type AdminParts = {
  manager: Manager;
  network: Network;
  stores: Stores;
  outbox: Outbox;
  appstore: Appstore;
  ledger: Ledger;
  log: Log;
  /** Begins the way down of the whole process; called after the reply. */
  stop: () => void;
};

export type AdminOptions = AdminParts & { config: Pick<Config, 'run.dir'> };
