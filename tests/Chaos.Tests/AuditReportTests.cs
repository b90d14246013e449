using Lakala.Chaos.Audit;

namespace Lakala.Chaos.Tests;

public sealed class AuditReportTests
{
    private readonly SoundBooks _books = new();

    [Fact]
    public void It_counts_what_was_compared()
    {
        var report = Print(_books.Evidence);

        report.Should().StartWith($"bills      {_books.Evidence.Database.Bills.Count}: 1 CANCELLED, 1 EXPIRED, ").And.Contain("3 REVERSED").And.Contain("1 TOMBSTONE").And.Contain("2 PARKED");
        report.Should().Contain("cover      clients have 995,200,156,031 CNY: the reserve alone covers 0.0 %,").And.Contain("with what the network owes 100.5 %");
        report.Should().EndWith("All statements hold.\n");
    }

    [Fact]
    public void It_says_what_was_not_checked()
    {
        var report = Print(_books.Evidence.Database(book => book with { Postings = [.. book.Postings.Select(line => line with { CommittedAt = null })] }));

        report.Should().Contain("16. Not checked: Whether an account was below zero before the end.").And.Contain("are not recorded (track_commit_timestamp).")
            .And.EndWith("What was checked of the statements holds.\n").And.NotContain("All statements hold");
        report.Split('\n').Should().OnlyContain(line => line.Length <= 80);
    }

    [Fact]
    public void Each_violation_stands_there_with_its_rows()
    {
        var report = Print(_books.Evidence with { Leaks = [new Leak("a PIN", "log/silo.log")] });

        report.Should().Contain("10. There is a PIN in clear.\n      log/silo.log\n").And.EndWith("1 violation: 1 of statement 10\n");
    }

    [Fact]
    public void Much_of_the_same_is_cut_short_and_counted()
    {
        var debits = Enumerable.Range(0, 50).Select(number => new BankEntry($"0000007777{number:D2}", "DEBITED", "00", "X00001", 1_000, "T0000001", 77, 1, 0));
        var leaks = Enumerable.Range(0, 30).Select(number => new Leak("a PIN", $"log/{number:D2}"));

        var report = Print(_books.Evidence with { Bank = _books.Evidence.Bank.With(debits), Leaks = [.. leaks] });

        report.Split('\n').Count(line => line.StartsWith(" 2. ", StringComparison.Ordinal)).Should().Be(20);
        report.Should().Contain("and 30 more of statement 2").And.Contain("and 10 rows more").And.Contain("51 violations: 50 of statement 2, 1 of statement 10");
    }

    [Fact]
    public void Every_line_fits_a_screen_of_80_columns() =>
        Print(_books.Evidence with { Bank = [] }).Split('\n').Should().OnlyContain(line => line.Length <= 80);

    [Fact]
    public void A_violation_fits_a_screen_of_80_columns()
    {
        var violations = Auditor.Check(_books.Evidence with { Bank = [] });
        violations.Should().NotBeEmpty();
        violations.SelectMany(violation => violation.ToString().Split('\n')).Should().OnlyContain(line => line.Length <= 80);
    }

    private static string Print(Evidence evidence)
    {
        using var output = new StringWriter { NewLine = "\n" };
        AuditReport.Print(evidence, Auditor.Check(evidence), output);
        return output.ToString();
    }
}
