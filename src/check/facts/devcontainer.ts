import type { Position } from '../../contract/diagnostic.ts';
import type { Source } from '../../contract/yaml.ts';
import { itemsOf, member, placeOf, readJson } from './json.ts';

/** Ports of this machine that a devcontainer.json forwards; `db:5432` is a port of another container. */
export interface Devcontainer {
  readonly file: string;
  readonly forwarded: readonly { readonly port: number; readonly at: Position }[];
}

export function readDevcontainer(source: Source): Devcontainer | undefined {
  const root = readJson(source);
  if (root?.type !== 'Object') return undefined;
  const forwarded = itemsOf(member(root, 'forwardPorts')).flatMap((item) => {
    const port = portOf(
      item.type === 'Number' ? String(item.value) : item.type === 'String' ? item.value : '',
    );
    return port === undefined ? [] : [{ port, at: placeOf(item, source.file) }];
  });
  return { file: source.file, forwarded };
}

function portOf(text: string): number | undefined {
  const match = /^(?:(?:localhost|127\.0\.0\.1):)?(\d{1,5})$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
