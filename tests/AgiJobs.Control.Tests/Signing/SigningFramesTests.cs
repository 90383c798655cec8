using System.Text;
using AgiJobs.Control.Signing;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Control.Tests.Signing;

public sealed class SigningFramesTests
{
    [Fact]
    public void Any_content_comes_back_from_its_frames_in_any_order_and_read_twice() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll<byte[], int>((content, seed) =>
        {
            // A few kilobytes that do not compress, so that there are several frames.
            var random = new Random(seed);
            var long_ = new byte[random.Next(0, 3000)];
            random.NextBytes(long_);
            byte[] whole = [.. content, .. long_];
            var frames = SigningFrames.Write(whole);
            var shuffled = frames.Concat(frames.Take(1)).OrderBy(_ => random.Next()).ToList();
            return SigningFrames.IsFrames(frames[0]) && SigningFrames.Read(string.Join('\n', shuffled)).AsSpan().SequenceEqual(whole);
        }));

    [Fact]
    public void A_frame_that_is_missing_mixed_altered_or_none_is_refused_and_the_missing_ones_are_named()
    {
        var random = new Random(1);
        var content = new byte[900];
        random.NextBytes(content);
        var frames = SigningFrames.Write(content);
        Assert.True(frames.Count >= 3);
        Assert.Contains("missing: 2.", Refused("frame-missing", ExitCode.BadInput, string.Join(' ', frames.Where((_, i) => i != 1))).Message, StringComparison.Ordinal);
        random.NextBytes(content);
        var others = SigningFrames.Write(content);
        Refused("frame-mixed", ExitCode.BadInput, $"{frames[0]} {others[1]} {frames[2]}");
        Refused("frame-format", ExitCode.BadInput, frames[0].Replace("1/", "9/", StringComparison.Ordinal));
        Refused("frame-format", ExitCode.BadInput, "agijobs:sign/2:1/1:0011223344556677:AAAA");
        Refused("frame-format", ExitCode.BadInput, "");
        var last = frames[^1];
        var altered = last[..^2] + (last[^2] == 'A' ? 'B' : 'A') + last[^1];
        Refused("frame-checksum", ExitCode.Mismatch, string.Join(' ', [.. frames.SkipLast(1), altered]));
        Refused("frame-checksum", ExitCode.Mismatch, string.Join(' ', [.. frames.SkipLast(1), last + "!"]));
    }

    [Fact]
    public void What_inflates_beyond_any_request_is_not_read()
    {
        Assert.Equal("frame-too-large", Assert.Throws<ControlException>(() => SigningFrames.Write(new byte[(1 << 20) + 1])).Code);
        var whole = SigningFrames.Write(new byte[1 << 20]);
        Assert.Equal(1 << 20, SigningFrames.Read(string.Join('\n', whole)).Length);
    }

    [Fact]
    public void The_form_of_a_frame_is_the_documented_one() =>
        Assert.Matches("^agijobs:sign/1:1/1:[0-9a-f]{16}:[A-Za-z0-9_-]+$", Assert.Single(SigningFrames.Write(Encoding.UTF8.GetBytes("hello"))));

    private static ControlException Refused(string code, ExitCode exit, string text)
    {
        var problem = Assert.Throws<ControlException>(() => SigningFrames.Read(text));
        Assert.Equal((code, exit), (problem.Code, problem.Exit));
        return problem;
    }
}
