using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Claims;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;

namespace Lakala.Storage.Fleet;

/// <summary>A kind of alarm with its thresholds: it is raised at one and cleared at a lower one, so that it does not alternate.</summary>
/// <param name="Kind">Its name in the metrics, the rules and the notices.</param>
/// <param name="Raised">The condition that raises it, as text.</param>
/// <param name="Cleared">The condition that clears it, as text.</param>
/// <param name="WhatToDo">The instruction for the operator.</param>
/// <param name="Section">The section of the runbook about it.</param>
public sealed record AlarmKind(string Kind, string Title, string Raised, string Cleared, string WhatToDo, string Section)
{
    private const int Minute = 60, Hour = 60 * Minute, Day = 24 * Hour;

    // In seconds.
    private const int LineDown = 30, Silent = 5 * Minute, ClockOff = 60, ClockRight = 30, ReversalOld = 10 * Minute, ReversalFresh = 2 * Minute,
        RefundOld = 24 * Hour, RefundFresh = 12 * Hour, RulingLate = 15 * Day, RulingInTime = 14 * Day, TradeStopped = 3 * Day, TradeOld = 180 * Day,
        NoticeOverdue = 15 * Minute, NoticeInTime = 1 * Minute, DeclinesSpan = 15 * Minute, SiloHeard = 1 * Minute;

    // Of a refund r.
    private static readonly string AmountOf = "r.currency || ' ' || to_char(r.amount / 100.0, 'FM999999999990.00')";

    // Of a trade t and its bill b.
    private static readonly string BillOf = $"lpad(t.bill::text, {BillNumber.Length}, '0')", Held = "b.currency || ' ' || to_char(t.held / 100.0, 'FM999999999990.00') || ' held'";

    // In per cent.
    private const int QueueFull = 50, QueueFree = 10;

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<AlarmKind> All { get; } =
    [
        new(
            "bank_line_down",
            "Bank line down",
            $"a silo has had no line to the bank for {Span(LineDown)}",
            "it has one again",
            "Find out whether it is the line, the certificate or the bank; call the bank.",
            "the-bank-line-is-down")
        {
            Condition = OfSilos($"(body->>'bank_down_seconds')::int >= {LineDown}", "(body->>'bank_down_seconds')::int = 0", "'no line to the bank'"),
        },
        new(
            "commit_queue_full",
            "Commits are queueing",
            $"a queue of a silo is {QueueFull} % full",
            $"it is less than {QueueFree} % full",
            "Look at the database: locks, disk, load.",
            "swipes-are-slow-or-fail")
        {
            Condition = OfSilos(
                $"100 * (body->>'queue_fill')::numeric >= {QueueFull}",
                $"100 * (body->>'queue_fill')::numeric < {QueueFree}",
                "'the queue of ' || (body->>'fullest_queue') || ' is ' || round(100 * (body->>'queue_fill')::numeric) || ' % full'"),
        },
        new(
            "reversals_ageing",
            "Reversals are ageing",
            $"the oldest waits for {Span(ReversalOld)}",
            $"the oldest waits for less than {Span(ReversalFresh)}",
            "Find out why the bank does not acknowledge; call the bank.",
            "reversals-pile-up")
        {
            Condition =
                $"""
                select ''::text, age >= {Interval(ReversalOld)}, age < {Interval(ReversalFresh)},
                       outstanding || ' wait for the bank, the oldest for ' || date_trunc('second', age)
                from (
                  select count(*) as outstanding, coalesce(clock_timestamp() - min(created_at), interval '0') as age from reversals where acknowledged_at is null
                ) as reversal
                """,
        },
        new(
            "refunds_ageing",
            "Refunds are ageing",
            $"the oldest waits for {Span(RefundOld)}",
            $"the oldest waits for less than {Span(RefundFresh)}",
            "Find out why the bank does not say what became of them; call the bank.",
            "refunds-pile-up")
        {
            Condition =
                $"""
                select ''::text, age >= {Interval(RefundOld)}, age < {Interval(RefundFresh)},
                       outstanding || ' wait for the bank, the oldest for ' || date_trunc('second', age)
                from (
                  select count(*) as outstanding, coalesce(clock_timestamp() - min(sent_at), interval '0') as age from refunds where due_at is not null and state = 'SENT'
                ) as refund
                """,
        },
        new(
            "refund_stopped",
            "A refund is not sent any more",
            "the bank has not said in 34 days what became of it",
            "two operators have entered it, or the bank has said it",
            "Ask the bank whether it has credited the card, and enter its answer. Until then do not refund in another way.",
            "a-refund-is-not-sent-any-more")
        {
            Condition =
                """
                select lpad(rrn::text, 12, '0'), true, false,
                       'sent ' || tries || ' times since ' || to_char(sent_at at time zone 'UTC', 'YYYY-MM-DD') || coalesce(', and the bank''s last answer is ' || response_code, '')
                from refunds where state = 'SENT' and due_at is null
                """,
        },
        new(
            "refund_refused",
            "The bank has refused what a shopper was promised",
            "two operators have not decided yet how she gets it",
            "they have decided it",
            "Ask the shopper how she can get the money, and have two operators decide. Until then it waits.",
            "a-refund-does-not-reach-the-shopper")
        {
            IsToldDaily = true,
            Condition =
                $"""
                select lpad(r.rrn::text, 12, '0'), true, false,
                       {AmountOf} || ', the bank says ' || coalesce(r.response_code, 'nothing') || ' since ' || to_char(f.since at time zone 'UTC', 'YYYY-MM-DD')
                from refused_refunds f join refunds r using (rrn) where f.closed_at is null
                """,
        },
        new(
            "refunds_uncovered",
            "Refunds wait for merchants' money for long",
            $"the oldest waits for {Span((int)Refund.WaitingTime.TotalSeconds)}",
            "none waits for so long",
            "Ask the merchants to pay in or to withdraw them. Two operators can pay a refund out of the guarantee fund.",
            "a-refund-does-not-reach-the-shopper")
        {
            IsToldDaily = true,
            Condition =
                $"""
                select ''::text, outstanding > 0, outstanding = 0,
                       outstanding || ' of ' || merchants || ' merchants wait, the oldest since ' || to_char(since at time zone 'UTC', 'YYYY-MM-DD')
                from (
                  select count(*) as outstanding, count(distinct r.merchant_id) as merchants, coalesce(min(r.created_at), clock_timestamp()) as since
                  from refunds r where {RefundRulings.IsUncovered}
                ) as refund
                """,
        },
        new(
            "refund_contradicted",
            "The bank contradicts itself about a refund",
            "after its final word it says the opposite",
            "somebody has closed it",
            "Ask the bank whether it has credited the card. Until it has answered, do not refund in another way.",
            "the-bank-contradicts-a-refund")
        {
            Condition =
                """
                select lpad(r.rrn::text, 12, '0'), true, false,
                       'it is ' || r.state || coalesce(' with code ' || r.response_code, ' by a ruling') || ', and then the bank said ' || string_agg(c.response_code, ', ' order by c.received_at)
                from refund_contradictions c join refunds r on r.rrn = c.rrn where c.closed_at is null group by r.rrn
                """,
        },
        new(
            "rulings_late",
            "Claims wait for a ruling",
            $"the oldest waits for {Span(RulingLate)}",
            $"the oldest waits for less than {Span(RulingInTime)}",
            "Have two operators rule: shopper and merchant wait, and so does the money.",
            "claims-wait-for-a-ruling")
        {
            IsToldDaily = true,
            Condition =
                $"""
                select ''::text, age >= {Interval(RulingLate)}, age < {Interval(RulingInTime)},
                       waiting || ' wait for a ruling, the oldest for ' || date_trunc('second', age)
                from (
                  select count(*) as waiting, coalesce(clock_timestamp() - min(since), interval '0') as age from claims where state = 'JUDGING'
                ) as claim
                """,
        },
        new(
            "trades_stopped",
            "A trade is stopped for long",
            $"an operator has stopped it {Span(TradeStopped)} ago",
            "it goes on",
            "Ask the one who has stopped it whether it must wait longer. If not, let it go on: shopper and merchant wait.",
            "a-trade-is-stopped-for-long")
        {
            IsToldDaily = true,
            Condition =
                $"""
                select stop.subject, coalesce(stop.since <= clock_timestamp() - {Interval(TradeStopped)}, true), coalesce(stop.since > clock_timestamp() - {Interval(TradeStopped)}, false),
                       'stopped by ' || t.frozen_by || ' since ' || coalesce(to_char(stop.since at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC', 'a time that is not known')
                       || ', ' || {Held} || case waiting.claims when 0 then '' when 1 then ', 1 claim waits with it' else ', ' || waiting.claims || ' claims wait with it' end
                from trades t join bills b on b.number = t.bill
                cross join lateral (
                  select subject, (select max(a.at) from audit_log a where a.subject = bill.subject and a.what = 'trade.freeze' and a.who = t.frozen_by) as since
                  from (select {BillOf} as subject) as bill
                ) as stop
                -- Two people cannot rule about it, or the time is over in which one side had to move. Other claims can go on without its money.
                cross join lateral (
                  select count(*) as claims from claims c
                  where c.bill = t.bill and (c.state = 'JUDGING' or (c.due_at <= statement_timestamp() and c.state not in ('REFUSED', 'RETURNING')))
                ) as waiting
                -- A refused refund has an alarm of its own, if two operators are asked about it.
                where t.frozen_by is not null
                  and not (t.frozen_by = '{Trade.RefundDeclined}' and exists (select from refused_refunds f where f.bill = t.bill and f.is_held and f.closed_at is null))
                """,
        },
        new(
            "trades_old",
            "A trade is old",
            $"it was paid {Span(TradeOld)} ago, and its money is still held",
            "nothing of it is held any more",
            "Find out what it waits for: a claim, a stop, or a silo that does not sweep. Nothing is decided by age alone.",
            "a-trade-is-old")
        {
            IsToldDaily = true,
            IsSlow = true,
            Condition =
                $"""
                select {BillOf}, true, false,
                       'paid ' || to_char(t.since at time zone 'UTC', 'YYYY-MM-DD') || ', ' || t.state || ', ' || {Held} || coalesce(', stopped by ' || t.frozen_by, '')
                from trades t join bills b on b.number = t.bill
                where t.held > 0 and t.since <= statement_timestamp() - {Interval(TradeOld)}
                """,
        },
        OfDeclines(
            "declines_bank", "The bank declines much", "''::text", least: 50, raisedAt: 60, clearedBelow: 30,
            "Ask the bank whether an issuer or its host is in trouble."),
        OfDeclines(
            "declines_store", "A store has many declines", "store_id", least: 20, raisedAt: 70, clearedBelow: 40,
            "Call the store: a test of stolen cards, or a bad reader?"),
        OfDeclines(
            "declines_terminal", "A terminal has many declines", "terminal_id", least: 10, raisedAt: 80, clearedBelow: 40,
            "Call the store; block the terminal if nobody can explain it."),
        new(
            "tamper",
            "A terminal's case was opened",
            "it says so",
            "it no longer says so",
            "Block it and have it looked at before it takes a card again.",
            "a-terminals-case-was-opened")
        {
            Condition = OfReports("(h.report->>'tamper')::boolean", "(h.report->>'tamper')::boolean is not true", "'its case has been opened'"),
        },
        new("paper_out", "Paper out", "a terminal says so", "it has paper, even if little", "Call the store.", "terminals-need-attention")
        {
            Condition = OfReports("h.report->>'paper' = 'out'", "h.report->>'paper' is distinct from 'out'", "'the printer is out of paper'"),
        },
        new(
            "clock_off",
            "A terminal's clock is off",
            $"by {ClockOff} s",
            $"by less than {ClockRight} s",
            "Have it set, then command new working keys: it is measured again with them.",
            "terminals-need-attention")
        {
            Condition = OfReports(
                $"abs((h.report->>'clock_offset')::int) >= {ClockOff}",
                $"coalesce(abs((h.report->>'clock_offset')::int), 0) < {ClockRight}",
                "'its clock is off by ' || (h.report->>'clock_offset') || ' s'"),
        },
        new(
            "terminal_silent",
            "Terminal silent",
            $"not heard for {Span(Silent)}",
            "heard again within its heartbeat interval",
            "Call the store: power, network, switched off?",
            "many-terminals-are-silent")
        {
            Condition =
                $"""
                select t.id, last < statement_timestamp() - {Interval(Silent)} and not t.blocked and not s.blocked,
                       last > statement_timestamp() - interval '{StoreFinder.ReadyWithin}' or t.blocked or s.blocked,
                       'last heard ' || to_char(last at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
                from terminals t join stores s on s.id = t.store_id
                left join terminal_lines l on l.terminal_id = t.id left join terminal_health h on h.terminal_id = t.id
                -- Without its line, after a crash of the database, a report may be as old as the silence between two.
                cross join lateral (select case when l.heard_at is null then coalesce(h.at + interval '{HealthRows.Silence}', t.signed_on_at) else greatest(l.heard_at, h.at) end as last) heard
                where t.retired_at is null and s.retired_at is null and last is not null
                """,
        },
        new(
            "notices_overdue",
            "Notices wait too long",
            $"a receiver has one that is due for {Span(NoticeOverdue)}",
            $"none is due for {Span(NoticeInTime)}",
            "Is a silo set up to reach the receiver (Mail, Sms, Notices:Dispatch)? Is one overloaded?",
            "notices-are-overdue")
        {
            Condition =
                $"""
                select receiver, oldest >= {Interval(NoticeOverdue)}, oldest < {Interval(NoticeInTime)},
                       due || ' are due, the oldest for ' || date_trunc('second', oldest)
                from (
                  select receiver, count(*) as due, statement_timestamp() - min(due_at) as oldest
                  from deliveries where state = 'PENDING' and due_at <= statement_timestamp() group by receiver
                ) as overdue
                """,
        },
        new("notices_parked", "Notices were given up", "a receiver has one", "it has none", "Look at the receiver's answer; send them again when it is mended.", "notices-are-parked")
        {
            Condition = "select receiver, true, false, count(*) || ' given up' from deliveries where state = 'PARKED' group by receiver",
        },
    ];

    /// <summary>
    /// A query that returns: subject, whether to raise, whether a raised alarm may be cleared, and the text. If neither holds, nothing
    /// changes; a subject that no longer exists is cleared.
    /// </summary>
    internal string Condition { get; private init; } = "";

    /// <summary>It is told again each day while it is raised and not silenced.</summary>
    public bool IsToldDaily { get; private init; }

    /// <summary>It is evaluated once a minute: it reads all swipes of the last 15 minutes, or nothing changes sooner.</summary>
    internal bool IsSlow { get; private init; }

    /// <returns>Null when there is no such kind.</returns>
    public static AlarmKind? Find(string kind) => All.FirstOrDefault(one => one.Kind == kind);

    private static string OfReports(string isRaised, string isCleared, string detail) =>
        $"""
        select t.id, coalesce({isRaised}, false), {isCleared}, {detail}
        from terminals t join terminal_health h on h.terminal_id = t.id where t.retired_at is null
        """;

    private static string OfSilos(string isRaised, string isCleared, string detail) =>
        $"select silo, {isRaised}, {isCleared}, {detail} from silo_states where at > statement_timestamp() - {Interval(SiloHeard)}";

    // Counts only answers of the bank: a swipe that never reached it, or was reversed, shows nothing about cards.
    private static AlarmKind OfDeclines(string kind, string title, string subject, int least, int raisedAt, int clearedBelow, string whatToDo) =>
        new(kind, title, $"{raisedAt} % of at least {least} answers in {Span(DeclinesSpan)}", $"less than {clearedBelow} %", whatToDo, "the-bank-declines-much")
        {
            IsSlow = true,
            Condition =
                $"""
                select {subject}, count(*) >= {least} and 100 * count(*) filter (where state = 'DECLINED') >= {raisedAt} * count(*),
                       100 * count(*) filter (where state = 'DECLINED') < {clearedBelow} * count(*),
                       count(*) filter (where state = 'DECLINED') || ' of ' || count(*) || ' declined in {Span(DeclinesSpan)}'
                from attempts where started_at > statement_timestamp() - {Interval(DeclinesSpan)} and state in ('APPROVED', 'DECLINED')
                group by 1
                """,
        };

    private static string Interval(int seconds) => $"interval '{seconds} seconds'";

    private static string Span(int seconds) => seconds switch
    {
        > Day when seconds % Day == 0 => $"{seconds / Day} days",
        _ when seconds % Hour == 0 => $"{seconds / Hour} h",
        _ when seconds % Minute == 0 => $"{seconds / Minute} min",
        _ => $"{seconds} s",
    };
}
