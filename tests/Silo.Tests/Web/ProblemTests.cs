using System.Globalization;
using System.Text.RegularExpressions;
using Lakala.Silo.Web;

namespace Lakala.Silo.Tests.Web;

public sealed partial class ProblemTests
{
    private static readonly string[] Guides = ["merchant-api.md", "operations.md"];

    [Fact]
    public void The_guides_name_every_kind_of_problem_with_its_status_and_whether_it_may_be_repeated()
    {
        var told = Guides
            .SelectMany(guide => Row().Matches(File.ReadAllText(Path.Combine(Repository, "docs", guide))))
            .Select(row => (
                Status: int.Parse(row.Groups["status"].Value, CultureInfo.InvariantCulture), Type: Problems.TypePrefix + row.Groups["type"].Value, Again: row.Groups["again"].Value));

        told.Should().BeEquivalentTo(Problems.Kinds.Select(kind => (kind.Status, kind.Type, Again: kind.Repeat switch
        {
            Repeat.No => "no",
            Repeat.Later => "later",
            _ => "Retry-After",
        })));
    }

    private static string Repository
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Lakala.sln")))
            {
                folder = folder.Parent!;
            }

            return folder.FullName;
        }
    }

    [GeneratedRegex(@"^\| (?<status>\d{3}) \| `(?<type>[a-z-]+)` \| (?<again>no|later|Retry-After) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
