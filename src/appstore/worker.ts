import { serveWorker } from '../base/worker.ts';
import { readGit } from './git.ts';

// Unpacking what a stranger sends may take all of a processor: it has a thread of its own, ended at its deadline.
serveWorker({ readGit });
