using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace AgiJobs.Tasks.Tests;

/// <summary>docs/tasks.md is what agents in other languages are written from: its examples are run.</summary>
public sealed partial class DocumentedExampleTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "docs", "tasks.md"));

    [Fact]
    public void Every_family_has_a_worked_example_that_is_right()
    {
        var seen = new List<string>();
        foreach (Match match in Example().Matches(Document))
        {
            var statement = TaskStatement.Parse(Encoding.UTF8.GetBytes(match.Groups["statement"].Value));
            Assert.Null(TaskFamilies.Validate(statement));
            Assert.Equal(match.Groups["digest"].Value, Convert.ToHexStringLower(statement.Digest()));
            Assert.Equal("right", TaskFamilies.Judge(statement, match.Groups["answer"].Value).Code);
            Assert.Equal(match.Groups["style"].Value, TaskFamilies.Find(statement.Family)!.StyleOf(statement, match.Groups["answer"].Value));
            Assert.Equal("wrong", TaskFamilies.Judge(statement, match.Groups["wrong"].Value).Code);
            seen.Add(statement.Family);
        }

        Assert.Equal(TaskFamilies.All.Select(family => family.Name), seen);
    }

    [GeneratedRegex("""
        ```
        statement (?<statement>.+)
        digest    (?<digest>.+)
        answer    (?<answer>.+)
        style     (?<style>.+)
        wrong     (?<wrong>.+)
        ```
        """, RegexOptions.ExplicitCapture)]
    private static partial Regex Example();

    private static string Here([CallerFilePath] string path = "") => path;
}
