/** The files that editors and desktops put beside those that people write. Pure. */
import { posix } from 'node:path';

/** Matches the whole name of a file. `:help swap-file`, `:help backup`, and the like of each editor. */
const EDITORS: readonly RegExp[] = [
  // Vim (and nano): the swap file (`.swp`, then `.swo` and on), the undo file, and the probe whether a folder can be written to.
  /^\..*\.sw[a-p]$/,
  /^\..*\.un~$/,
  /^4913$/,
  // The backup of Vim, Emacs, Kate and gedit.
  /~$/,
  // Emacs: the lock, which is a link that leads nowhere, and what it saves by itself.
  /^\.#/,
  /^#.*#$/,
  // Kate and KDevelop.
  /^\..*\.kate-swp$/,
  // JetBrains: the new and the old content while a file is put in place of another.
  /___jb_(?:tmp|old|bak)___$/,
  // GIO (gedit, GNOME Builder).
  /^\.goutputstream-/,
  // Desktops: how a folder is shown.
  /^\.DS_Store$/,
  /^\._/,
  /^(?:Thumbs\.db|desktop\.ini)$/,
];

/** Whether the file, by its path with forward slashes, is an editor's or a desktop's own, not a source. */
export const isEditorsOwn = (path: string): boolean => {
  const name = posix.basename(path);
  return EDITORS.some((pattern) => pattern.test(name));
};
