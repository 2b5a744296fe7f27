// The dialog that makes a topic (console.md, flow 1): checked while it is filled in, with what would come of it.
import { Button, Input, Modal } from 'antd'
import { useRef, useState } from 'react'
import { type CreationPlan, useProblemText } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { startFocus, useReturnFocus } from '../shell/dialog-focus.ts'
import { setQueryValues } from '../url/index.ts'
import { AckChoice } from './AckChoice.tsx'
import { useClusters } from './api.ts'
import { countOf, partitionsMax, replicasMax } from './counts.ts'
import { Field } from './Field.tsx'
import { Placement } from './Placement.tsx'
import { type NewTopic, useCreate, useCreationPlan } from './use-creation.ts'

const blank: NewTopic = {
  name: '',
  cluster: '',
  partitions: '6',
  replicationFactor: '',
  ackLevel: -1,
  owner: '',
  description: '',
}

export function CreateTopic({ onClose }: { readonly onClose: () => void }) {
  const text = useText()
  useReturnFocus()
  const form = text.topic.creation
  const clusters = useClusters().data?.items ?? []
  const cluster = clusters[0]?.id ?? ''
  const [given, setGiven] = useState<NewTopic>(blank)
  const topic = given.cluster === '' ? { ...given, cluster } : given
  const set = (change: Partial<NewTopic>) => setGiven({ ...topic, ...change })
  const { plan, isSettled } = useCreationPlan(topic)
  const { create, isRunning, failure } = useCreate()
  const name = useRef<HTMLInputElement>(null)
  const problemsOf = useFieldProblems(plan.data, topic)
  const partitions = countOf(topic.partitions, partitionsMax)
  const planned = plan.data?.placement[0]?.replicas.length
  // Left empty, Castle says how many.
  const replicas = isDefault(topic) ? planned : countOf(topic.replicationFactor, replicasMax)
  const areNumbers = partitions !== undefined && (isDefault(topic) || replicas !== undefined)
  const isValid = plan.data?.valid === true && isSettled && areNumbers
  const submit = async () => {
    if (!isValid || isRunning || !(await create(topic))) return
    setQueryValues({ dialog: '', created: `${topic.cluster}/${topic.name}` })
  }
  return (
    <Modal
      open
      title={form.title}
      width={680}
      mask={{ closable: false }}
      onCancel={onClose}
      afterOpenChange={(opened) => opened && startFocus(name.current)}
      footer={[
        <Button key="cancel" onClick={onClose}>
          {text.shell.cancel}
        </Button>,
        <Button key="create" type="primary" disabled={!isValid} loading={isRunning} onClick={submit}>
          {partitions === undefined ? text.topics.create : form.verb(partitions)}
        </Button>,
      ]}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Field
          label={form.name}
          hint={isNameFree(plan.data, topic) && isSettled ? form.nameFree : form.nameHint}
          problems={problemsOf('name')}
        >
          {(props) => (
            <Input
              {...props}
              ref={(input) => {
                name.current = input?.input ?? null
              }}
              className="mono"
              value={topic.name}
              autoComplete="off"
              spellCheck={false}
              onChange={({ target }) => set({ name: target.value })}
            />
          )}
        </Field>
        {clusters.length > 1 && (
          <Field label={form.cluster} problems={problemsOf('cluster')}>
            {(props) => (
              <select
                {...props}
                className="control"
                value={topic.cluster}
                onChange={({ target }) => set({ cluster: target.value })}
              >
                {clusters.map(({ id }) => (
                  <option key={id}>{id}</option>
                ))}
              </select>
            )}
          </Field>
        )}
        <div className="form-pair">
          <Field label={form.partitions} hint={form.partitionsHint} problems={problemsOf('partitions')}>
            {(props) => (
              <Input
                {...props}
                inputMode="numeric"
                value={topic.partitions}
                autoComplete="off"
                onChange={({ target }) => set({ partitions: target.value })}
              />
            )}
          </Field>
          <Field
            label={form.replicas}
            hint={planned === undefined || !isDefault(topic) ? form.replicasDefault : form.replicasHint(planned)}
            problems={problemsOf('replicationFactor')}
          >
            {(props) => (
              <Input
                {...props}
                inputMode="numeric"
                value={topic.replicationFactor}
                placeholder={planned === undefined ? '' : String(planned)}
                autoComplete="off"
                onChange={({ target }) => set({ replicationFactor: target.value })}
              />
            )}
          </Field>
        </div>
        <AckChoice value={topic.ackLevel} replicas={replicas ?? 3} onChange={(ackLevel) => set({ ackLevel })} />
        <div className="form-pair">
          <Field label={form.owner} hint={form.ownerHint} problems={problemsOf('owner')}>
            {(props) => (
              <Input
                {...props}
                value={topic.owner}
                maxLength={249}
                onChange={({ target }) => set({ owner: target.value })}
              />
            )}
          </Field>
          <Field label={form.description} problems={problemsOf('description')}>
            {(props) => (
              <Input
                {...props}
                value={topic.description}
                maxLength={2_000}
                onChange={({ target }) => set({ description: target.value })}
              />
            )}
          </Field>
        </div>
        <Placement plan={areNumbers ? plan.data : undefined} query={plan} />
        {failure !== undefined && <CreationFailed {...failure} />}
        <button type="submit" hidden />
      </form>
    </Modal>
  )
}

/** An empty name is not yet wrong: nobody has typed one. */
function useFieldProblems(plan: CreationPlan | undefined, topic: NewTopic) {
  const textOf = useProblemText()
  const { creation: form } = useText().topic
  return (field: string): readonly string[] => {
    if (field === 'name' && topic.name === '') return []
    const max = field === 'partitions' ? partitionsMax : replicasMax
    const typed = { partitions: topic.partitions, replicationFactor: isDefault(topic) ? '1' : topic.replicationFactor }
    if ((field === 'partitions' || field === 'replicationFactor') && countOf(typed[field], max) === undefined)
      return [form.numberWrong(max)]
    return (plan?.problems ?? [])
      .filter((problem) => problem.field === field)
      .map(({ code, params, message }) => {
        const { what } = textOf({ status: 0, code, params, detail: message, next: '', requestId: '' })
        return code === 'TOPIC_NAME_WRONG' ? `${what} ${form.nameHint}` : what
      })
  }
}

/** As many replicas as Castle gives a topic when nobody says. */
function isDefault({ replicationFactor }: NewTopic): boolean {
  return replicationFactor.trim() === ''
}

function isNameFree(plan: CreationPlan | undefined, { name }: NewTopic): boolean {
  return plan !== undefined && name !== '' && !plan.problems.some(({ field }) => field === 'name')
}

function CreationFailed({
  problem,
  isUnsure,
}: Pick<NonNullable<ReturnType<typeof useCreate>['failure']>, 'problem' | 'isUnsure'>) {
  const { danger } = useText()
  const { what, next } = useProblemText()(problem)
  return (
    <p className={isUnsure ? 'notice notice-warn' : 'notice notice-bad'} role="alert">
      {isUnsure ? danger.unsure : `${danger.lastFailed} ${what} ${next}`}
    </p>
  )
}
