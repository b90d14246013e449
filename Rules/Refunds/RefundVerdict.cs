namespace Lakala.Rules.Refunds;

/// <summary>Why two operators have to decide about a refund.</summary>
public enum RefundQuestion
{
    /// <summary>It is not sent any more, and the bank has not said what became of it.</summary>
    Stopped,

    /// <summary>The bank has refused to give the shopper what was held for her, or what a claim has granted.</summary>
    Refused,

    /// <summary>It has waited for the merchant's money for longer than <see cref="Refund.WaitingTime"/>.</summary>
    Uncovered,
}

/// <summary>What two operators decide about a refund.</summary>
public enum RefundVerdict
{
    /// <summary>The bank has credited the card.</summary>
    Credited,

    /// <summary>The bank has not credited the card, and never will.</summary>
    NotCredited,

    /// <summary>A new refund goes to the card: what was in the way is over.</summary>
    SendAgain,

    /// <summary>The platform has paid the shopper out of the reserve account.</summary>
    PayOtherwise,

    /// <summary>The platform gives the shopper nothing: she has got it in another way, or does not want it.</summary>
    LeaveIt,

    /// <summary>The guarantee fund pays it to the card, and the merchant owes it from then on.</summary>
    LendIt,
}

public static class RefundVerdicts
{
    /// <summary>The question that the verdict answers.</summary>
    public static RefundQuestion QuestionOf(RefundVerdict verdict) => verdict switch
    {
        RefundVerdict.Credited or RefundVerdict.NotCredited => RefundQuestion.Stopped,
        RefundVerdict.SendAgain or RefundVerdict.PayOtherwise or RefundVerdict.LeaveIt => RefundQuestion.Refused,
        RefundVerdict.LendIt => RefundQuestion.Uncovered,
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No such verdict."),
    };
}
