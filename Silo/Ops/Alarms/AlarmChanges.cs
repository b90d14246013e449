using System.Globalization;
using Lakala.Storage.Fleet;

namespace Lakala.Silo.Ops.Alarms;

/// <summary>Acknowledges and silences alarms.</summary>
internal sealed class AlarmChanges(AlarmRows alarms, TimeProvider time)
{
    public async Task<Result<AlarmRow>> Acknowledge(long id, string who, CancellationToken stop) =>
        await alarms.Acknowledge(id, who, stop) ? (await alarms.Find(id, stop))! : NotFound("raised alarm", id, "The alarm is not raised any more.");

    public async Task<Result<AlarmRow>> Silence(long id, Silence silence, CancellationToken stop) =>
        silence.Fault(time.GetUtcNow()) is { } fault ? Refused.Invalid(null, fault)
        : await alarms.Silence(id, silence, stop) ? (await alarms.Find(id, stop))!
        : NotFound("raised alarm", id, "The alarm is not raised any more.");

    public async Task<Result<AlarmRow>> EndSilence(long id, string who, CancellationToken stop) =>
        await alarms.EndSilence(id, who, stop) ? (await alarms.Find(id, stop))! : NotFound("silenced alarm", id, "The alarm is not silenced any more.");

    private static Refused NotFound(string what, long id, string reason) => Refused.NotFound(what, id.ToString(CultureInfo.InvariantCulture), reason);
}
