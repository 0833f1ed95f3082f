import type { FileSinkOptions } from '../../src/connectors/fileSink/fileSink';

/** One row a line, as JSON: as little of a format as a file sink needs. */
export function lines(): FileSinkOptions['format'] {
  return {
    name: 'lines',
    extension: '.ndjson',
    encoder: () => ({ encode: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('') }),
    decoder: () => {
      let text = '';
      return {
        push: (bytes) => void (text += new TextDecoder().decode(bytes)),
        end: (out) =>
          text
            .split('\n')
            .slice(0, -1)
            .forEach((line, i) => out.row(JSON.parse(line), i + 1)),
      };
    },
  };
}
