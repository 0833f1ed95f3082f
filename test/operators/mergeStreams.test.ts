import { Subject } from 'rxjs';
import { fromSignals, mergeStreams, rows, type Element, type Signal } from 'tidemark';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';

type Stream = Observable<Element<string>>;

function input(): { readonly stream: Stream; say(row: string): void } {
  const subject = new Subject<Signal<string>>();
  return { stream: subject.pipe(fromSignals()), say: (row) => subject.next({ kind: 'event', time: 1, row }) };
}

describe('the inputs of mergeStreams', () => {
  it('what is added counts now and for whoever subscribes later, and so does what is removed', () => {
    const [a, b, c] = [input(), input(), input()];
    const merged = mergeStreams([a.stream, c.stream]);
    const heard: string[] = [];
    const listen = (name: string): void => void merged.pipe(rows()).subscribe((row) => heard.push(`${name} ${row}`));
    const all = (): string[] => {
      for (const [one, row] of [
        [a, 'a'],
        [b, 'b'],
        [c, 'c'],
      ] as const)
        one.say(row);
      return heard.splice(0);
    };
    listen('first');
    expect(all()).toEqual(['first a', 'first c']);
    merged.add(b.stream);
    listen('second');
    expect(all()).toEqual(['first a', 'second a', 'first b', 'second b', 'first c', 'second c']);
    merged.remove(a.stream);
    listen('third');
    expect(all()).toEqual(['first b', 'second b', 'third b', 'first c', 'second c', 'third c']);
  });

  it('what is no input is removed without a trace', () => {
    const [a, b] = [input(), input()];
    const merged = mergeStreams([a.stream, b.stream]);
    merged.remove(input().stream);
    const heard: string[] = [];
    merged.pipe(rows()).subscribe((row) => heard.push(row));
    a.say('a');
    b.say('b');
    expect(heard).toEqual(['a', 'b']);
  });

  it('a list that the caller changes afterwards is his own', () => {
    const [a, b] = [input(), input()];
    const list = [a.stream];
    const merged = mergeStreams(list);
    list.push(b.stream);
    const heard: string[] = [];
    merged.pipe(rows()).subscribe((row) => heard.push(row));
    a.say('a');
    b.say('b');
    expect(heard).toEqual(['a']);
  });
});
