namespace Lakala.Chaos.Audit;

/// <summary>Statement 15 where it says that who made a move was allowed to. Roles are those of the end: nobody loses one in a run.</summary>
internal sealed class PermissionStatements(CrossReference books)
{
    private const string Administer = "administer", Act = "act";

    private readonly Dictionary<string, string> _roles = books.Database.Operators.ToDictionary(person => person.Name, person => person.Role);
    private readonly HashSet<(string Who, string What, string Subject)> _acts = [.. books.Database.OperatorActs.Select(act => (act.Who, act.What, act.Subject))];
    private readonly ILookup<string, ClaimMove> _moves = books.Database.ClaimMoves.ToLookup(move => move.Claim);
    private readonly ILookup<string?, Event> _events = books.Database.Events.Where(told => ClaimStatements.IsOfClaim(told.Type)).OrderBy(told => told.Time).ToLookup(told => told.Claim);

    public IEnumerable<Violation> Check() => [.. Roles(), .. Signatures(), .. RefundRulings(), .. RefusedRefunds(), .. Stops(), .. books.Database.Claims.SelectMany(Silence), .. Counters()];

    /// <summary>Operators had the role for what they did: to stop trades and to rule, that to act; to fill the guarantee fund, that to administer.</summary>
    private IEnumerable<Violation> Roles() => books.Database.OperatorActs
        .Where(act => _roles.GetValueOrDefault(act.Who) is not { } role || !(role == Administer || (role == Act && !act.What.StartsWith("guarantee.", StringComparison.Ordinal))))
        .Select(act => new Violation(15, "Somebody without the role for it has acted as an operator.", [Row.Of(act)]));

    /// <summary>Who has signed a ruling or a payment to the fund has done so in the audit log.</summary>
    private IEnumerable<Violation> Signatures()
    {
        foreach (var ruling in books.Database.Rulings.Where(ruling => !HasSigned(ruling.MadeBy, "ruling.propose", ruling.Claim) || !HasSigned(ruling.ApprovedBy, "ruling.approve", ruling.Claim)))
        {
            yield return new Violation(15, "A ruling is signed by somebody who has not made it.", [Row.Of(ruling), .. ActsOn(ruling.Claim)]);
        }

        foreach (var payment in books.Database.GuaranteePayments
            .Where(payment => !HasSigned(payment.MadeBy, "guarantee.propose", payment.Number) || !HasSigned(payment.ApprovedBy, "guarantee.approve", payment.Number)))
        {
            yield return new Violation(15, "A payment to the guarantee fund is signed by somebody who has not made it.", [Row.Of(payment), .. ActsOn(payment.Number)]);
        }
    }

    /// <summary>What two operators have decided about a refund is what became of it, and what the bank has not decided on the line two operators have.</summary>
    private IEnumerable<Violation> RefundRulings()
    {
        var approved = books.Database.RefundRulings.Where(ruling => ruling.ApprovedBy is not null).ToLookup(ruling => ruling.Refund);
        var debts = books.Database.Debts.Select(debt => debt.Refund).ToHashSet();
        var refunds = books.Database.Refunds.ToDictionary(refund => refund.Rrn);
        foreach (var refund in books.Database.Refunds)
        {
            var rulings = approved[refund.Rrn].ToList();
            var refused = books.Refused.GetValueOrDefault(refund.Rrn);
            var next = refused?.Next is { } number ? refunds.GetValueOrDefault(number) : null;
            var about = rulings.ToLookup(ruling => ruling.State switch
            {
                Verdicts.Credited or Verdicts.NotCredited => "stopped",
                Verdicts.LendIt => "uncovered",
                _ => "refused",
            });
            var wrong = refund.IsRuled != about["stopped"].Any() || about["stopped"].Any(ruling => ruling.State != refund.State)
                    ? "A refund is over, by no word of the bank and not by a ruling about it."
                : about["uncovered"].Any() && !debts.Contains(refund.Rrn) ? "Two operators have lent a refund, and the fund has not paid it."
                : refused is { IsOpen: false } != about["refused"].Any() ? "A refund that the bank has refused was decided without a ruling, or is still open after one."
                : about["refused"].Any(ruling => !IsSo(ruling, refund, refused!, next)) ? "A refund that the bank has refused was not decided as two operators have ruled."
                : rulings.Exists(ruling => ruling.MadeBy == ruling.ApprovedBy) ? "One person alone has ruled about a refund."
                : about.Any(same => same.Count() > 1) ? "One question about a refund was decided twice."
                : rulings.Exists(ruling => !HasSigned(ruling.MadeBy, "refund.propose", refund.Rrn) || !HasSigned(ruling.ApprovedBy, "refund.approve", refund.Rrn))
                    ? "A ruling about a refund is signed by somebody who has not made it."
                : null;
            if (wrong is not null)
            {
                yield return new Violation(15, wrong, [Row.Of(refund), .. rulings.Select(Row.Of), .. refused is null ? [] : new[] { Row.Of(refused) }, .. ActsOn(refund.Rrn)]);
            }
        }

        static bool IsSo(RefundRuling ruling, Refund refund, RefusedRefund refused, Refund? next) => ruling.State == Verdicts.LeaveIt
            ? refused.Next is null
            : next is not null && (next.Bill, next.Amount, next.IsPaidOtherwise) == (refund.Bill, refund.Amount, ruling.State == Verdicts.PayOtherwise);
    }

    /// <summary>The bank's refusal of held money, or of what a claim has granted, goes to two operators; and only by them a refund is paid in another way.</summary>
    private IEnumerable<Violation> RefusedRefunds()
    {
        var ofClaims = books.Database.Claims.SelectMany(claim => new[] { claim.Refund, claim.Compensation }).OfType<string>().ToHashSet();
        var next = books.Database.RefusedRefunds.Select(refused => refused.Next).OfType<string>().ToHashSet();
        foreach (var refund in books.Database.Refunds)
        {
            var isAsked = books.Refused.ContainsKey(refund.Rrn);
            var wrong = refund.State == RefundStates.Declined ? (books.IsFromHeld(refund) || ofClaims.Contains(refund.Rrn)) && !isAsked ? "The bank has refused what a shopper was promised, and nobody is asked." : null
                : isAsked ? "Operators are asked about a refund that the bank has not refused."
                : refund.IsPaidOtherwise && !next.Contains(refund.Rrn) ? "A refund was paid in another way, and nobody has ruled that."
                : null;
            if (wrong is not null)
            {
                yield return new Violation(15, wrong, [Row.Of(refund), .. isAsked ? [Row.Of(books.Refused[refund.Rrn])] : Array.Empty<string>()]);
            }
        }
    }

    /// <summary>A trade is stopped by the operator who has stopped it last, or because the bank has refused its refund; it goes on by an operator or by two.</summary>
    private IEnumerable<Violation> Stops()
    {
        foreach (var trade in books.Database.Trades.Where(trade => trade.State is not (TradeStates.Finished or TradeStates.Closed)))
        {
            var last = books.Database.OperatorActs.LastOrDefault(act => act.Subject == trade.Bill && act.What is "trade.freeze" or "trade.unfreeze");
            var by = last is { What: "trade.freeze" } ? last.Who : null;
            var isRefused = books.RefundsOfBill[trade.Bill].Any(refund => books.IsFromHeld(refund) && books.Refused.GetValueOrDefault(refund.Rrn) is { IsOpen: true });
            if (trade.FrozenBy != (by ?? (isRefused ? TradeStatements.RefundDeclined : null)))
            {
                yield return new Violation(15, "A trade is stopped, or goes on, by nobody who may say so.", [Row.Of(trade), .. ActsOn(trade.Bill)]);
            }
        }

        var acts = books.Database.OperatorActs.Where(act => act.What is "trade.unfreeze" or "refund.approve").ToLookup(act => act.Subject, act => act.CommittedAt);
        foreach (var told in books.Database.Events.Where(told => told is { Type: TradeStatements.Resumed, Bill: not null }))
        {
            if (!acts[told.Bill!].Concat(books.RefundsOfBill[told.Bill!].SelectMany(refund => acts[refund.Rrn])).Contains(told.CommittedAt))
            {
                yield return new Violation(15, "A stopped trade goes on, and nobody has said so in the same commit.", [Row.Of(told), .. ActsOn(told.Bill!)]);
            }
        }
    }

    /// <summary>The moves of a claim are its events, and without anybody only that happens which silence means; who agrees gives what is claimed or offered.</summary>
    private IEnumerable<Violation> Silence(Claim claim)
    {
        var moves = _moves[claim.Id].ToList();
        if (!moves.Select(move => move.What).SequenceEqual(_events[claim.Id].Select(told => told.Type)))
        {
            yield return new Violation(15, "The moves of a claim are not its events.", [Row.Of(claim), .. moves.Select(Row.Of), .. _events[claim.Id].Select(Row.Of)]);
        }

        var (before, offer) = ("", (long?)null);
        foreach (var move in moves)
        {
            var isSilence = before switch
            {
                ClaimStatements.Opened or ClaimStatements.Offered => move.What == ClaimStatements.Agreed && move.Amount == (offer ?? claim.Amount),
                ClaimStatements.Back => move.What == ClaimStatements.Agreed && move.Amount == claim.Amount,
                ClaimStatements.Refused or ClaimStatements.Returning => move.What == ClaimStatements.Withdrawn,
                _ => false,
            };
            var wrong = move.IsByItself && !isSilence ? "A claim has moved by itself, and silence does not mean that."
                : move.What == ClaimStatements.Agreed && move.Amount != claim.Amount && move.Amount != offer ? "A claim was agreed to with an amount that was neither claimed nor offered."
                : null;
            if (wrong is not null)
            {
                yield return new Violation(15, wrong, [Row.Of(claim), .. moves.Select(Row.Of)]);
            }

            (before, offer) = (move.What, move.What == ClaimStatements.Offered ? move.Amount : offer);
        }
    }

    /// <summary>Two people of the store answer for a refund at its counter; one of them is a supervisor.</summary>
    private IEnumerable<Violation> Counters()
    {
        var clerks = books.Database.Clerks.ToLookup(clerk => (clerk.Store, clerk.Number));
        foreach (var row in books.Database.RefundKeys.Where(row => row.Refund is not null))
        {
            var store = books.Database.Refunds.FirstOrDefault(refund => refund.Rrn == row.Refund)?.Store ?? "";
            if (row.Clerk == row.Supervisor || !clerks[(store, row.Clerk ?? "")].Any() || !clerks[(store, row.Supervisor ?? "")].Any(clerk => clerk.IsSupervisor))
            {
                yield return new Violation(15, "A refund at a counter was not made by a clerk and a supervisor of its store.", [Row.Of(row)]);
            }
        }
    }

    private bool HasSigned(string? who, string what, string subject) => who is null || _acts.Contains((who, what, subject));

    private IEnumerable<string> ActsOn(string subject) => books.Database.OperatorActs.Where(act => act.Subject == subject).Select(Row.Of);
}
