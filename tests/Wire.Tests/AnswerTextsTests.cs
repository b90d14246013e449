using Lakala.Vocabulary;
using Lakala.Wire.Texts;

namespace Lakala.Wire.Tests;

public sealed class AnswerTextsTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "clerk.md"));

    [Fact]
    public void The_clerks_table_in_the_docs_is_the_one_that_is_said()
    {
        var rows = Document[Document.IndexOf("## What is said to each answer", StringComparison.Ordinal)..]
            .Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]).ToList();

        rows[0].Should().Equal(["00", "", .. Both("00", null)]);
        rows.Skip(1).Select(row => (row[0], row[1])).Should().OnlyHaveUniqueItems();
        rows.Skip(1).Select(row => int.Parse(row[1], null)).Should().Equal(AnswerTexts.Rows.Select(row => row.Reason));
        foreach (var (row, (code, reason)) in rows.Skip(1).Zip(AnswerTexts.Rows))
        {
            row[0].Should().Be(code ?? row[0]);
            row[2..].Should().Equal(Both(row[0], reason));
        }
    }

    [Fact]
    public void Every_refusal_has_its_texts()
    {
        foreach (var refusal in Enum.GetValues<Refusal>())
        {
            foreach (var language in (string[])["en", "zh"])
            {
                var (clerk, customer) = AnswerTexts.DescribeAnswer(refusal.ResponseCode(), (int)refusal, language);
                clerk.Should().NotBeEmpty();
                customer.Should().NotBeEmpty();
            }
        }
    }

    private static string[] Both(string code, int? reason)
    {
        var (en, zh) = (AnswerTexts.DescribeAnswer(code, reason, "en"), AnswerTexts.DescribeAnswer(code, reason, "zh"));
        return [en.Clerk, en.Customer, zh.Clerk, zh.Customer];
    }
}
