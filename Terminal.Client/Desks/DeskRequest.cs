using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Desks;

/// <summary>A request of the desk to its program.</summary>
internal abstract record DeskRequest
{
    private DeskRequest()
    {
    }

    public sealed record Settle : DeskRequest;

    public sealed record LookUp(string Bill) : DeskRequest;

    public sealed record Pay(Report Found, SwipedCard Card) : DeskRequest;

    public sealed record SignIn(string Number, string Password) : DeskRequest
    {
        public override string ToString() => $"sign-in of {Number}";
    }

    /// <summary>A payment of which money goes back, by its RRN or the number of its bill.</summary>
    public sealed record LookUpPayment(string Number) : DeskRequest;

    /// <param name="Amount">Minor units.</param>
    /// <param name="Card">Masked: the rest of the number is not kept.</param>
    /// <param name="Signature">Null until a supervisor has signed.</param>
    public sealed record Refund(Report Payment, long Amount, string Card, Signature? Signature = null) : DeskRequest
    {
        public override string ToString() => $"refund of {Payment.Rrn}";
    }

    public sealed record GiveUp : DeskRequest;

    public sealed record Reprint(JournaledSwipe Swipe) : DeskRequest;

    public sealed record CloseBatches : DeskRequest;

    /// <summary>The report of the last close.</summary>
    public sealed record ReprintBatch : DeskRequest;

    /// <summary>Records printed receipts in the journal.</summary>
    public sealed record Record : DeskRequest;

    /// <summary>Does what the server has asked for, and checks the printer.</summary>
    public sealed record Tend : DeskRequest;

    public sealed record Speak(TerminalTexts Texts) : DeskRequest;

    public sealed record Leave : DeskRequest;
}
