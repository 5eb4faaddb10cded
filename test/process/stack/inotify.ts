/** Counts the inotify watches of this process (Linux, `/proc/self/fdinfo`). */
import { readdirSync, readFileSync } from 'node:fs';

export const countWatches = (): number =>
  readdirSync('/proc/self/fdinfo')
    .map((fd) => {
      try {
        return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      } catch {
        return '';
      }
    })
    .reduce((sum, text) => sum + text.split('\n').filter((line) => line.startsWith('inotify')).length, 0);
