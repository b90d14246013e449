using System.Text;
using Lakala.Chaos.Audit;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Iso8583;

namespace Lakala.Chaos.Tests;

/// <summary>The auditor's readers against files of the terminal's own program.</summary>
public sealed class ReaderTests : IDisposable
{
    private const string Terminal = "T0000001", Bill = "51944370242776";

    private static readonly DateTimeOffset Noon = new(2030, 1, 31, 12, 0, 0, TimeSpan.FromHours(8));

    private readonly string _home = Directory.CreateTempSubdirectory("lakala-readers-").FullName;

    private string JournalFile => Path.Combine(_home, "terminals", Terminal, "journal");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void A_journal_is_read_as_its_terminal_wrote_it()
    {
        var (approved, open) = WriteJournal();

        var content = JournalReader.Read(Terminal, File.ReadAllBytes(JournalFile));

        content.Pending.Should().Equal(new JournalPending(approved, Bill, 128_000), new JournalPending(open, Bill, 128_000));
        content.Results.Should().Equal(new JournalResult(approved, "00", "000000010001", "A1B2C3"));
        content.Printed.Should().Equal(approved);
    }

    [Fact]
    public void A_refund_is_read_apart_from_payments()
    {
        WriteJournal();
        JournalKey key;
        using (var journal = Journal.OpenOrMake(JournalFile, new JournalOptions()))
        {
            key = journal.TakeKey();
            var refund = journal.Begin(Pending(key) with { RefundOf = "000000010001", Supervisor = "9001", Amount = 300 });
            journal.Settle(new SwipeResult(key, "00", Rrn: "000000010009"));
            journal.Printed(refund.Pending.Key);
        }

        var content = JournalReader.Read(Terminal, File.ReadAllBytes(JournalFile));
        var swipe = new JournaledSwipe(Pending(key) with { RefundOf = "000000010001", Amount = 300 }, new SwipeResult(key, "00", Rrn: "000000010009"));
        var paper = PaperReader.Read([(Report.Describe(swipe, TerminalTexts.English) with { Receipts = Receipt.ComposeSlips(swipe, Print.Original, TerminalTexts.English) }).ToJson()]);

        content.Refunds.Should().Equal(new CounterRefund(new Key(Terminal, key.Batch, key.Stan), Bill, 300, "00", "000000010009"));
        content.Pending.Should().HaveCount(2, "they are the payments");
        content.Results.Should().ContainSingle();
        paper.Refunds.Should().Equal(content.Refunds);
        paper.Slips.Should().BeEmpty();
        paper.Reports.Should().BeEmpty();
    }

    [Fact]
    public void A_torn_last_line_tells_nothing_wherever_it_is_torn()
    {
        var (approved, _) = WriteJournal();
        var whole = File.ReadAllBytes(JournalFile);

        // The last line returns the unused keys; the line before it begins the open swipe.
        var end = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2);
        for (var length = Array.LastIndexOf(whole, (byte)'\n', end - 1) + 1; length <= end; length++)
        {
            JournalReader.Read(Terminal, whole.AsSpan(0, length)).Pending.Select(swipe => swipe.Key).Should().Equal(approved);
        }
    }

    [Fact]
    public void A_damaged_line_is_a_fault()
    {
        WriteJournal();
        var whole = File.ReadAllBytes(JournalFile);
        var amount = Encoding.ASCII.GetString(whole).IndexOf("128000", StringComparison.Ordinal);
        whole[amount]++;

        var read = () => JournalReader.Read(Terminal, whole);

        read.Should().Throw<InvalidDataException>().WithMessage("Line 2 of the journal of T0000001 is damaged.");
    }

    [Fact]
    public void Checksums_are_those_of_the_published_vector()
    {
        // The standard check value of CRC-32C is for these nine digits.
        var read = () => JournalReader.Read(Terminal, "e3069283 123456789\n"u8);
        read.Should().Throw<Exception>().Where(fault => !fault.Message.Contains("damaged"), "the checksum is right, and only the content is no record");
    }

    [Fact]
    public void Reports_and_slips_are_read_as_they_are_printed()
    {
        var swipe = Approved(new JournalKey(7, 12));
        var report = Report.Describe(swipe, TerminalTexts.English) with { Receipts = Receipt.ComposeSlips(swipe, Print.Original, TerminalTexts.English) };

        var paper = PaperReader.Read([report.ToJson()]);

        var key = new Key(Terminal, 7, 12);
        paper.Torn.Should().Be(0);
        paper.Reports.Should().Equal(new Audit.SwipeReport(key, "approved", "00", Bill, 128_000, "000000010001", "A1B2C3", false));
        paper.Slips.Should().Equal(
            new Slip(key, Slip.Paid, SlipKind.Original, "CUSTOMER COPY", Bill, 128_000, "000000010001", "A1B2C3", "00"),
            new Slip(key, Slip.Paid, SlipKind.Original, "MERCHANT COPY", Bill, 128_000, "000000010001", "A1B2C3", "00"));
    }

    [Theory]
    [InlineData(Print.Original, SlipKind.Original)]
    [InlineData(Print.Duplicate, SlipKind.Duplicate)]
    [InlineData(Print.Reprint, SlipKind.Reprint)]
    public void A_slip_says_why_it_was_printed(Print print, SlipKind kind)
    {
        var swipe = Approved(new JournalKey(7, 12));
        var report = Report.Describe(swipe, TerminalTexts.English) with { Receipts = Receipt.ComposeSlips(swipe, print, TerminalTexts.English) };

        PaperReader.Read([report.ToJson()]).Slips.Should().HaveCount(2).And.OnlyContain(slip => slip.Kind == kind);
    }

    [Fact]
    public void Refusals_and_unknown_outcomes_are_told_apart()
    {
        var refused = new JournaledSwipe(Pending(new JournalKey(7, 12)), new SwipeResult(new JournalKey(7, 12), "51", 401, Rrn: "000000010001"));
        var neverSent = new JournaledSwipe(Pending(new JournalKey(7, 13)), SwipeResult.NeverSent(Pending(new JournalKey(7, 13)), TerminalTexts.English));
        var unknown = new JournaledSwipe(Pending(new JournalKey(7, 14)));

        var paper = PaperReader.Read(new[] { refused, neverSent, unknown }.Select(swipe =>
            (Report.Describe(swipe, TerminalTexts.English) with { Receipts = Receipt.ComposeSlips(swipe, Print.Original, TerminalTexts.English) }).ToJson()));

        paper.Reports.Select(report => (report.Outcome, report.ResponseCode)).Should().Equal(("declined", "51"), ("refused", null), ("unknown", null));
        paper.Slips.Select(slip => (slip.Title, slip.ResponseCode)).Should().Equal((Slip.NotPaid, "51"), (Slip.NotPaid, null), (Slip.Unknown, null));
    }

    [Fact]
    public void An_earlier_swipe_is_read_before_the_one_that_carries_it()
    {
        var earlier = Approved(new JournalKey(7, 12));
        var own = new JournaledSwipe(Pending(new JournalKey(7, 14)), new SwipeResult(new JournalKey(7, 14), "51", 401));
        var report = Report.Describe(own, TerminalTexts.English) with
        {
            Resolved = Report.Describe(earlier, TerminalTexts.English) with { Receipts = Receipt.ComposeSlips(earlier, Print.Duplicate, TerminalTexts.English) },
        };

        var paper = PaperReader.Read([report.ToJson()]);

        paper.Reports.Select(one => (one.Key.Stan, one.IsResolved)).Should().Equal((12, true), (14, false));
        paper.Slips.Should().HaveCount(2).And.OnlyContain(slip => slip.Key.Stan == 12);
    }

    [Fact]
    public void A_lookups_report_is_of_no_swipe_and_a_line_cut_off_is_counted()
    {
        var lookup = new Report(Outcome.Refused) { ResponseCode = "40", Reason = 302, Bill = Bill, Terminal = Terminal, Batch = 7, Stan = 11 };
        var whole = Report.Describe(Approved(new JournalKey(7, 12)), TerminalTexts.English).ToJson();

        var paper = PaperReader.Read([lookup.ToJson(), whole[..^1], ""]);

        paper.Reports.Should().BeEmpty();
        paper.Torn.Should().Be(1);
    }

    [Fact]
    public void A_receipt_that_does_not_read_as_one_is_a_fault()
    {
        var report = Report.Describe(Approved(new JournalKey(7, 12)), TerminalTexts.English) with { Receipts = [new ReceiptSlip([new SlipLine("Thank you for your visit")], "")] };
        var read = () => PaperReader.Read([report.ToJson()]);
        read.Should().Throw<InvalidDataException>();
    }

    [Fact]
    public async Task Terminals_without_a_journal_or_without_paper_have_empty_books()
    {
        WriteJournal();
        Directory.CreateDirectory(Path.Combine(_home, "terminals", "T0000002"));

        var books = await EvidenceReader.Terminals(_home, new Dictionary<string, IReadOnlyList<string>>(), TestContext.Current.CancellationToken);

        books.Select(book => (book.Terminal, book.Pending.Count, book.Slips.Count)).Should().Equal((Terminal, 2, 0), ("T0000002", 0, 0));
    }

    private (Key Approved, Key Open) WriteJournal()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(JournalFile)!);
        using var journal = Journal.OpenOrMake(JournalFile, new JournalOptions());
        var key = journal.TakeKey();
        var approved = Approved(key);
        journal.Begin(approved.Pending);
        journal.Settle(approved.Result!);
        journal.Printed(key);
        var open = journal.TakeKey();
        journal.Begin(Pending(open));
        return (new Key(Terminal, key.Batch, key.Stan), new Key(Terminal, open.Batch, open.Stan));
    }

    private static JournaledSwipe Approved(JournalKey key) => new(
        Pending(key),
        new SwipeResult(key, "00", 0, "000000010001", "A1B2C3", "622848*********0018", Noon, "小店 & Söhne", "RRN 000000000000"));

    private static SwipePending Pending(JournalKey key) => new(
        key, Terminal, "STORE0000000001", Bill, 128_000, CurrencyCode.Cny, "622848*********0018", "021", Noon, "Corner Store 1",
        "NOT PAID", "A teapot", "an order whose name is so long that it takes two lines");
}
