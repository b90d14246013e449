using Lakala.Storage;
using Lakala.Storage.Fleet;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Notices;

/// <summary>The webhook of the operators' own notices.</summary>
/// <param name="Url">Empty: none is sent.</param>
/// <param name="WrappedSecret">The secret that signs them, wrapped.</param>
internal sealed record OperatorTarget(string Url, byte[] WrappedSecret)
{
    public bool IsSet => Url.Length > 0;
}

/// <summary>Sends alarms to the operators' program, signed and repeated as every webhook. It may be in a private network.</summary>
internal sealed class OperatorChannel(OperatorTarget target, IOptions<NoticeOptions> options, IKeyVault vault, TimeProvider time) : INoticeChannel, IDisposable
{
    private readonly WebhookChannel _webhooks = new(options, vault, time, isTrusted: true);

    public bool Serves(string receiver) => receiver == AlarmRows.Receiver;

    public Task<NoticeAnswer> Send(Notice notice) => target.IsSet
        ? _webhooks.Send(notice with { Endpoint = new WebhookTarget(target.Url, target.WrappedSecret, PreviousSecret: null) })
        : Task.FromResult(NoticeAnswer.Skipped("no webhook of the operators is set"));

    public void Dispose() => _webhooks.Dispose();
}
