using Lakala.Rules.Refunds;

namespace Lakala.Silo.Ops.Refunds;

/// <summary>The words of the pages about refunds that do not come to an end by themselves.</summary>
internal static class RefundWords
{
    public static string Of(RefundQuestion question) => question switch
    {
        RefundQuestion.Stopped => "not sent any more",
        RefundQuestion.Refused => "the bank has refused it",
        RefundQuestion.Uncovered => "waits for the merchant's money",
        _ => throw new ArgumentOutOfRangeException(nameof(question), question, "No such question."),
    };

    /// <summary>What is the matter, and what an operator can do.</summary>
    public static string WhatNow(RefundQuestion question) => question switch
    {
        RefundQuestion.Stopped =>
            $"The bank has not said in {Refund.SendingTime.Days} days what became of the refund, and might have forgotten it: a repeat could be a second credit. "
            + "Ask the bank in writing. The refund is decided when another operator approves the ruling, or when the bank's word comes first.",
        RefundQuestion.Refused =>
            "The shopper was promised this money, and the bank has refused to give it to the card. It waits: a trade is stopped, and a merchant's share is frozen. "
            + "Ask the shopper how she can get it, and let another operator approve what you propose.",
        RefundQuestion.Uncovered =>
            $"The refund has waited for the merchant's money for more than {Refund.WaitingTime.Days} days. It goes on by itself when there is enough. "
            + "Two operators can pay it out of the guarantee fund; the merchant owes it then.",
        _ => throw new ArgumentOutOfRangeException(nameof(question), question, "No such question."),
    };

    public static string Of(RefundVerdict verdict) => verdict switch
    {
        RefundVerdict.Credited => "the bank has credited the card: the refund is done",
        RefundVerdict.NotCredited => "the bank has not credited the card, and never will: the money goes back to where it was",
        RefundVerdict.SendAgain => "send it again: a new refund goes to the card that paid",
        RefundVerdict.PayOtherwise => "the platform has paid the shopper in another way, out of the reserve account",
        RefundVerdict.LeaveIt => "the platform gives nothing: the shopper has got it in another way, or does not want it",
        RefundVerdict.LendIt => "the guarantee fund pays it: the merchant owes it from then on",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No such verdict."),
    };
}
