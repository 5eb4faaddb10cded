import type { Position } from '../../contract/diagnostic.ts';
import type { Source } from '../../contract/yaml.ts';

/** TCP ports that the image exposes, where they are written as numbers. */
export interface Dockerfile {
  readonly file: string;
  readonly exposed: readonly { readonly port: number; readonly at: Position }[];
}

/** Only what the last stage exposes belongs to the image. */
export function readDockerfile({ file, text }: Source): Dockerfile {
  let exposed: { port: number; at: Position }[] = [];
  let isContinued = false;
  text.split(/\r?\n/).forEach((line, index) => {
    const [, keyword = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? [];
    if (!isContinued && keyword.toUpperCase() === 'FROM') exposed = [];
    if (!isContinued && keyword.toUpperCase() === 'EXPOSE') {
      const start = line.length - rest.length;
      for (const match of rest.matchAll(/(?<![\w$.{-])(\d{1,5})(?:\/tcp)?(?![\w/}-])/gi)) {
        exposed.push({
          port: Number(match[1]),
          at: { file, line: index + 1, column: start + match.index + 1 },
        });
      }
    }
    isContinued = /\\\s*$/.test(line) && !/^\s*#/.test(line);
  });
  return { file, exposed };
}
