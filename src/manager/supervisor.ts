/** supervisor — notices that a container ended without being asked to, whatever the engine told or failed to tell. */
import type { Log } from '../base/log.ts';
import type { ContainerFacts, Docker } from './docker.ts';
import { every } from './every.ts';

export type Watched = {
  docker: Docker;
  log: Log;
  signal: AbortSignal;
  /** Ids of the containers that should be running now. */
  expected: () => Iterable<string>;
  /** A container that should be running is not, or does not exist any more. */
  onExit: (id: string) => void;
  /** The engine answers after it did not. */
  onBack: () => void;
};

/** The engine's stream tells at once; the look every half minute finds what it did not tell. */
const lookEveryMs = 30_000;
const engineEveryMs = 3_000;

export type Supervision = {
  /** Whether the engine answered when it was asked last, seconds ago. Asking costs nothing. */
  readonly answers: boolean;
};

/** Watches until the signal. While the engine does not answer nothing is taken for a crash. */
export function supervise({ docker, log, signal, expected, onExit, onBack }: Watched): Supervision {
  const state = { answers: true };
  const ask = async (): Promise<void> => {
    const answers = await docker.isAlive();
    if (answers === state.answers || signal.aborted) return;
    state.answers = answers;
    if (!answers) return log.error('the Docker engine does not answer');
    log.info('the Docker engine answers again');
    await look();
    onBack();
  };
  const look = async (): Promise<void> => {
    if (!state.answers) return;
    try {
      // Before the look: what is started meanwhile is not in its answer, and did not end.
      const ids = [...expected()];
      const running = (await docker.containers()).filter((facts) => facts.isRunning).map((facts) => facts.id);
      for (const id of ids) if (!running.includes(id)) onExit(id);
    } catch (err) {
      log.warn({ err }, 'containers cannot be looked at');
    }
  };
  // A death and its reason are two questions to the engine: the second is asked for all containers at once.
  void docker.follow({ signal, onDied: () => void look(), onConnected: () => void look() });
  void every(lookEveryMs, signal, look);
  void every(engineEveryMs, signal, ask);
  return state;
}

/** Why a container ended, in a sentence. */
export function reasonOf(facts: ContainerFacts | undefined): string {
  if (!facts) return 'its container was removed';
  if (facts.outOfMemory) return 'it used more memory than it may have';
  return facts.exitCode === 0 ? 'it ended by itself' : `it ended with exit code ${facts.exitCode}`;
}
