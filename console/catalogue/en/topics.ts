// Topics.
export const topics = {
  title: 'Topics',
}
