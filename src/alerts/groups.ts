import { createKeyMap, keyValues, type KeyMap, type KeyOf, type Primitive } from '../key';
import type { Out } from '../operator';
import { Recorder } from '../state/recorder';
import type { StateEntry, StateTable } from '../state/table';
import { Agenda } from './agenda';
import type { Alert } from './alert';

interface Group<T> {
  readonly id: readonly Primitive[]; // time, status, group columns
  readonly group: KeyOf;
  readonly members: Alert<T>[];
}

/** Collects the alerts of one status, group and instant, until the watermark has passed the instant. */
export class Groups<T> {
  /** Alerts that wait. */
  held = 0;
  private readonly byId: KeyMap<Group<T>>;
  private readonly agenda = new Agenda<Group<T>>();
  private readonly recorder: Recorder;

  constructor(private readonly columns: number) {
    this.byId = createKeyMap(2 + Math.max(1, columns));
    this.recorder = new Recorder(2 + Math.max(1, columns));
  }

  collect(alert: Alert<T>, group: KeyOf): void {
    const id = [alert.time, alert.status, ...(typeof group === 'object' && group !== null ? group : [group])];
    this.held++;
    this.recorder.written(id);
    const known = this.byId.get(id);
    if (known !== undefined) known.members.push(alert);
    else this.open({ id, group, members: [alert] });
  }

  private open(group: Group<T>): void {
    this.byId.set(group.id, group);
    this.agenda.add(group.id[0] as number, group);
  }

  /** One alert for each group whose instant has passed: by time, then in the order in which the groups began. */
  release(hasPassed: (time: number) => boolean, out: Out<Alert<T>>): void {
    for (const { id, group, members } of this.agenda.take(hasPassed)) {
      if (out.closed) return;
      this.byId.delete(id);
      this.recorder.gone(id);
      this.held -= members.length;
      out.absorb(members.length);
      const startedAt = members.reduce((earliest, member) => Math.min(earliest, member.startedAt), Infinity);
      out.event(members[0]!.time, { ...members[0]!, key: keyValues(group, this.columns), startedAt, members });
    }
  }

  get first(): number {
    return this.agenda.first;
  }

  get table(): StateTable {
    const entryOf = ({ id, group, members }: Group<T>): StateEntry => [id, { group, members: members.slice() }];
    const entries = (): StateEntry[] => [...this.agenda.values()].map(entryOf);
    return {
      version: 1,
      size: () => this.byId.size,
      entries,
      load: (saved) => {
        this.byId.clear();
        this.agenda.clear();
        this.held = 0;
        for (const [id, data] of saved) {
          const { group, members } = data as Pick<Group<T>, 'group' | 'members'>;
          this.open({ id: id as Primitive[], group, members: members.slice() });
          this.held += members.length;
        }
        this.recorder.begin();
      },
      changes: () => this.recorder.take(entries, (id) => entryOf(this.byId.get(id)!)),
    };
  }
}
