using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Silo.Security;
using Lakala.Storage;
using Lakala.Vocabulary;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>The part of an answer about a swipe that <see cref="Pay"/> and <see cref="Abandon"/> share.</summary>
internal static class Swipe
{
    public static readonly SwipeAnswer Failed = SwipeAnswer.Refused(Refusal.Fault);

    public static PaymentFacts Facts(SwipeAnswer answer, IKeyVault vault) => new(
        answer.Rrn,
        answer.AuthorisationCode,
        answer.MaskedPan,
        answer.State == AttemptState.Approved ? answer.SettledAt : null,
        answer.Payee,
        answer.OrderId,
        answer is { State: AttemptState.Approved, Rrn: { } rrn } ? ReceiptCode.Make(vault, rrn) : null);
}
