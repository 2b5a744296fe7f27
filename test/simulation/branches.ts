// The rare branches that seeds are to reach, as they show outside: lines of the log, decisions of Castle, answers, counters. Written as
// Coverage names them. One that never happened over many seeds is reported: then either the faults are too mild, or a text has changed.
export const rareBranches: readonly string[] = [
  'a process crashed in the middle',
  'a broker stopped in order',
  'a disk was full',
  'Castle was restored',
  'Castle lost its store',
  'a loss was counted',
  'a message was lost',
  'a message was twice',
  'a message was late',
]
